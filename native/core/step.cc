// See step.h.
#include "step.h"

#ifdef HEDDLE_FAULTS

#  include <signal.h>

namespace heddle {

namespace {

int64_t chosen = 0;
int64_t done = 0;

}  // namespace

void die_at_step(int64_t n) {
  chosen = n;
  done = 0;
}

int64_t steps_done() {
  return done;
}

void count_step() {
  if (++done == chosen) raise(SIGKILL);
}

}  // namespace heddle

#endif
