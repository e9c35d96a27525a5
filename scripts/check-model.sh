#!/usr/bin/env bash
# Searches every model in native/model completely, and makes sure that its BROKEN variants are refuted.
# Needs spin and a C compiler; takes about a minute on two cores, and at most 1.5 GB for each of two searches at a time.
set -euo pipefail

models=$(cd "$(dirname "$0")/../native/model" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
running=0

# search NAME EXPECTED_ERRORS [SPIN_FLAG...]
search() {
  local name=$1 expected=$2 report folder
  shift 2
  local what="model $name${*:+ $*}"
  folder=$(mktemp -d -p "$work")
  cp "$models"/*.pml "$folder"
  report=$(
    cd "$folder"
    spin "$@" -a "$name.pml" >/dev/null
    "${CC:-cc}" -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=1500 -o pan pan.c
    timeout 480 ./pan -m100000 2>&1
  ) || true
  local errors states
  errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' <<<"$report")
  states=$(sed -n 's/ *\([0-9.e+]*\) states, stored.*/\1/p' <<<"$report")
  if [[ $errors != "$expected" ]] || grep -qE 'max search depth too small|out of memory|Search not completed' <<<"$(
    ((expected)) || echo "$report"
  )"; then
    echo "$report"
    echo "$what: expected $expected errors in a complete search" >&2
    return 1
  elif ((expected)); then
    echo "$what: refuted, as it must be: $(grep -m1 -oE 'invalid end state|assertion violated.*' <<<"$report")"
  else
    echo "$what: holds in all $states states"
  fi
}

# check ARGUMENTS...: searches beside one other.
check() {
  if ((running == 2)); then
    wait -n || failed=1
  else
    running=$((running + 1))
  fi
  search "$@" &
}

for name in guard mutex semaphore doorbell ring lookers; do
  check "$name" 0
  check "$name" 1 -DBROKEN
done
check mutex 1 -DUNFAIR
check lookers 1 -DLATE
check doorbell 0 -DWATCHED
check doorbell 1 -DWATCHED -DHASTY
check doorbell 0 -DWATCHED -DFAMILY
check doorbell 1 -DWATCHED -DFAMILY -DFILTERED
for ((; running > 0; running--)); do wait -n || failed=1; done
exit $failed
