// See segment_tracker.h.
#include "segment_tracker.h"

#ifdef __linux__

#  include <fcntl.h>
#  include <signal.h>
#  include <spawn.h>
#  include <sys/socket.h>
#  include <unistd.h>

#  include <cerrno>
#  include <mutex>
#  include <set>
#  include <string>

namespace heddle {

namespace {

// "$@" is the list: what was said with + and not yet with -. Descriptors that were inherited by mistake are
// nobody's to hold.
constexpr char kScript[] = R"(
trap '' INT TERM HUP QUIT
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cd /dev/shm || exit 1
set --
while IFS= read -r line; do
  entry=${line#?}
  case $line in
  +*) set -- "$@" "$entry" ;;
  -*)
    left=$#
    while [ "$left" -gt 0 ]; do
      [ "x$1" = "x$entry" ] || set -- "$@" "$1"
      shift
      left=$((left - 1))
    done
    ;;
  esac
done
for entry; do
  name=${entry#* }
  number=$(ls -di -- "./$name" 2>/dev/null) || continue
  number=${number#"${number%%[! ]*}"}
  if [ "${number%% *}" = "${entry%% *}" ]; then rm -f -- "./$name"; fi
done
)";

class Tracker {
 public:
  // Never destroyed: threads may still make segments while the process ends.
  static Tracker& instance() {
    static Tracker& tracker = *new Tracker;
    return tracker;
  }

  int add(std::string entry) {
    const std::lock_guard lock(mutex_);
    const auto [place, added] = entries_.insert(std::move(entry));
    if (say('+', *place)) return 0;
    const int error = start();
    // Told everything, this one too.
    if (error != 0 && added) entries_.erase(place);
    return error;
  }

  void remove(const std::string& entry) {
    const std::lock_guard lock(mutex_);
    if (entries_.erase(entry) != 0) say('-', entry);
  }

 private:
  // False when there is nobody to hear it.
  bool say(char what, const std::string& entry) const {
    if (channel_ < 0) return false;
    const std::string line = what + entry + '\n';
    ssize_t sent = 0;
    do {
      sent = send(channel_, line.data(), line.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(line.size());
  }

  int start() {
    if (channel_ >= 0) close(channel_);
    channel_ = -1;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    const int error = spawn(ends[0]);
    close(ends[0]);
    if (error != 0) {
      close(ends[1]);
      return error;
    }
    channel_ = ends[1];
    for (const std::string& entry : entries_) {
      if (!say('+', entry)) return EPIPE;
    }
    return 0;
  }

  // A group of its own, so that what a terminal sends to ours does not reach it.
  static int spawn(int input) {
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    std::string words[] = {"heddle-tracker", "-c", kScript};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    std::string path = "PATH=/usr/local/bin:/usr/bin:/bin";
    char* environment[] = {path.data(), nullptr};
    pid_t process = 0;
    const int error = posix_spawn(&process, "/bin/sh", &files, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
  }

  std::mutex mutex_;
  // "inode name"
  std::set<std::string> entries_;
  int channel_ = -1;
};

std::string entry_of(uint64_t inode, const char* name) {
  return std::to_string(inode) + ' ' + name;
}

}  // namespace

int track_segment(uint64_t inode, const char* name) {
  return Tracker::instance().add(entry_of(inode, name));
}

void forget_segment(uint64_t inode, const char* name) {
  Tracker::instance().remove(entry_of(inode, name));
}

}  // namespace heddle

#endif
