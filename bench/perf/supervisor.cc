// Fork, wait, tell, and end.
#include "perf/supervisor.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "perf/options.h"

namespace inccl::perf {
namespace {

using Clock = std::chrono::steady_clock;

// A dead peer is noticed at once where its connection closes and after the heartbeat time where it
// was only stopped, so this long for the survivors to tell; then SIGTERM, then SIGKILL.
constexpr auto kReportGrace = std::chrono::seconds(12);
constexpr auto kInterruptGrace = std::chrono::seconds(2);
constexpr auto kTerminateGrace = std::chrono::seconds(2);

struct Child {
  pid_t pid = -1;
  bool running = false;
};

class Supervisor {
 public:
  explicit Supervisor(int ranksPerProcess) : ranksPerProcess_(ranksPerProcess) {}

  Done start(int processes, const std::function<int(int)>& body);
  int waitForAll();

 private:
  void reap();
  void judgeKilled(int process, int signal);
  void judgeExited(int process, int status);
  void cannotRun();
  void onSignal(int signal);
  void endLate();
  void signalAll(int signal);
  [[nodiscard]] bool anyRunning() const;
  [[nodiscard]] std::string nameOf(int process) const;

  const int ranksPerProcess_;
  std::vector<Child> children_;
  sigset_t watched_{};
  sigset_t original_{};
  int status_ = 0;
  int interruptedBy_ = 0;
  int laterFailures_ = 0;  // after the first, which is told in full
  // When those that still run are signalled next, and with what.
  std::optional<Clock::time_point> endAt_;
  int endWith_ = SIGTERM;
  bool endingOthers_ = false;
};

std::string Supervisor::nameOf(int process) const {
  const int first = process * ranksPerProcess_;
  const std::string ranks = ranksPerProcess_ == 1
                                ? fmt::format("rank {}", first)
                                : fmt::format("ranks {}-{}", first, first + ranksPerProcess_ - 1);
  return fmt::format("{} (pid {})", ranks, children_[static_cast<size_t>(process)].pid);
}

Done Supervisor::start(int processes, const std::function<int(int)>& body) {
  sigemptyset(&watched_);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP}) sigaddset(&watched_, signal);
  sigprocmask(SIG_BLOCK, &watched_, &original_);
  std::fflush(nullptr);
  const pid_t parent = getpid();
  for (int process = 0; process < processes; ++process) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(kExitCannotRun);  // it died before prctl
      sigprocmask(SIG_SETMASK, &original_, nullptr);
      children_.clear();
      std::exit(body(process));
    }
    if (pid < 0) {
      const std::string why = std::strerror(errno);
      signalAll(SIGKILL);
      waitForAll();
      return Problem{fmt::format("fork of rank {}: {}", process * ranksPerProcess_, why)};
    }
    children_.push_back({pid, true});
  }
  return done();
}

int Supervisor::waitForAll() {
  while (anyRunning()) {
    const timespec tick{0, 50000000};
    const int signal = sigtimedwait(&watched_, nullptr, &tick);
    if (signal > 0 && signal != SIGCHLD) onSignal(signal);
    reap();
    endLate();
  }
  sigprocmask(SIG_SETMASK, &original_, nullptr);
  if (laterFailures_ > 0)
    fmt::print(stderr, "inccl-perf: {} more of its processes failed after that\n", laterFailures_);
  return interruptedBy_ != 0 ? 128 + interruptedBy_ : status_;
}

// Of ranks that ended together, those that were killed are the cause and come first.
void Supervisor::reap() {
  std::vector<std::pair<int, int>> killed, exited;  // process and wait status
  for (size_t process = 0; process < children_.size(); ++process) {
    Child& child = children_[process];
    int waitStatus = 0;
    if (!child.running || waitpid(child.pid, &waitStatus, WNOHANG) != child.pid) continue;
    child.running = false;
    (WIFEXITED(waitStatus) ? exited : killed).emplace_back(process, waitStatus);
  }
  // Who ends because we end it is no news.
  if (interruptedBy_ != 0 || endingOthers_) return;
  for (const auto& [process, waitStatus] : killed) judgeKilled(process, WTERMSIG(waitStatus));
  for (const auto& [process, waitStatus] : exited) judgeExited(process, WEXITSTATUS(waitStatus));
}

void Supervisor::judgeKilled(int process, int signal) {
  fmt::print(stderr, "inccl-perf: {} was killed by signal {} ({})\n", nameOf(process), signal,
             strsignal(signal));
  cannotRun();
}

// Wrong elements have been told by the ranks, and so has a failed call; of those that cannot run
// only the first is named, the others follow from it.
void Supervisor::judgeExited(int process, int status) {
  if (status == 0) return;
  if (status == kExitFailedTest) {
    status_ = std::max(status_, status);
    return;
  }
  if (status_ == kExitCannotRun) {
    ++laterFailures_;
    return;
  }
  fmt::print(stderr, "inccl-perf: {} ended with status {}\n", nameOf(process), status);
  cannotRun();
}

void Supervisor::cannotRun() {
  status_ = kExitCannotRun;
  if (!endAt_) endAt_ = Clock::now() + kReportGrace;
}

void Supervisor::onSignal(int signal) {
  const bool again = interruptedBy_ != 0;
  interruptedBy_ = signal;
  signalAll(again ? SIGKILL : SIGTERM);
  endAt_ = Clock::now() + kInterruptGrace;
  endWith_ = SIGKILL;
}

void Supervisor::endLate() {
  if (!endAt_ || Clock::now() < *endAt_) return;
  if (interruptedBy_ == 0) {
    for (size_t process = 0; process < children_.size(); ++process) {
      if (children_[process].running && endWith_ == SIGTERM)
        fmt::print(stderr, "inccl-perf: {} does not end: terminating it\n",
                   nameOf(static_cast<int>(process)));
    }
  }
  endingOthers_ = true;
  signalAll(endWith_);
  endWith_ = SIGKILL;
  endAt_ = Clock::now() + kTerminateGrace;
}

void Supervisor::signalAll(int signal) {
  for (const Child& child : children_)
    if (child.running) kill(child.pid, signal);
}

bool Supervisor::anyRunning() const {
  return std::any_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.running; });
}

}  // namespace

Outcome<int> superviseProcesses(int processes, int ranksPerProcess,
                                const std::function<int(int)>& body) {
  Supervisor supervisor(ranksPerProcess);
  PERF_TRY(supervisor.start(processes, body));
  return supervisor.waitForAll();
}

}  // namespace inccl::perf
