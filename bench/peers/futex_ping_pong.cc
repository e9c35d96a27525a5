// The physical limit of `wake`: two threads that wake each other by nothing but a futex (argument
// "futex"), or a thread and an epoll loop that wake each other by futex and eventfd ("epoll").
// Both on one core, or each on its own. Prints nanoseconds per round trip.
// Usage: futex_ping_pong futex|epoll together|apart ROUNDS

#include <linux/futex.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace {

class Signal {
 public:
  void send() {
    word_.store(1);
    syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

  void receive() {
    while (word_.load() == 0) syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    word_.store(0);
  }

 private:
  std::atomic<int> word_{0};
};

class Loop {
 public:
  Loop() {
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_, &event);
  }

  void send() {
    uint64_t one = 1;
    if (write(bell_, &one, sizeof one) != sizeof one) std::abort();
  }

  void receive() {
    epoll_event event{};
    while (epoll_wait(epoll_, &event, 1, -1) != 1) {
    }
    uint64_t count = 0;
    if (read(bell_, &count, sizeof count) != sizeof count) std::abort();
  }

 private:
  int epoll_ = epoll_create1(0);
  int bell_ = eventfd(0, EFD_NONBLOCK);
};

// The n-th of the cores that the process may use, from 0.
void sitOn(int n) {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (int core = 0; core < CPU_SETSIZE; core++) {
    if (!CPU_ISSET(core, &allowed) || n-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    sched_setaffinity(0, sizeof one, &one);
    return;
  }
  std::abort();
}

template <typename Ping>
double roundTrip(int rounds, bool apart) {
  Ping ping;
  Signal pong;
  std::thread other([&] {
    sitOn(apart ? 1 : 0);
    for (int i = 0; i < rounds; i++) {
      pong.receive();
      ping.send();
    }
  });
  sitOn(0);
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; i++) {
    pong.send();
    ping.receive();
  }
  std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  other.join();
  return elapsed.count() / rounds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  int rounds = std::atoi(argv[3]);
  bool apart = std::strcmp(argv[2], "apart") == 0;
  bool epoll = std::strcmp(argv[1], "epoll") == 0;
  std::printf("%f\n", epoll ? roundTrip<Loop>(rounds, apart) : roundTrip<Signal>(rounds, apart));
}
