#include "lab/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/clock.h"
#include "lab/enclosure.h"
#include "lab/line_prefixer.h"
#include "lab/signals.h"

namespace inccl::lab {
namespace {

// The library tells survivors of a dead peer within its heartbeat time, 10 s.
constexpr Nanos kReportGrace = 15 * kSecond;
constexpr Nanos kTerminateGrace = 2 * kSecond;
// Output of a grandchild that outlives its parent is not waited for longer.
constexpr Nanos kDrainTime = kSecond / 2;
constexpr int kTickMs = 100;

struct Stream {
  os::UniqueFd from;
  LinePrefixer to;
};

struct Child {
  const Task* task;
  pid_t pid;
  bool running = true;
};

// In the child; only comes back when that failed.
[[noreturn]] void become(const Task& task, const std::vector<std::string>& command,
                         const Signals& signals, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Of another process namespace a parent has no number.
  if (const pid_t now = getppid(); now != parent && now != 0) _exit(kExitNoSuchCommand);
  const auto fail = [&](std::string_view why) {
    fmt::print(stderr, "inccl-lab: {}: {}\n", task.name, why);
    std::fflush(stderr);
    _exit(kExitNoSuchCommand);
  };
  if (const Status entered = enterNetwork(task.network); !entered.ok()) fail(entered.message());
  if (unshare(CLONE_NEWUTS) == 0)
    (void)!sethostname(task.hostName.c_str(), std::min<size_t>(task.hostName.size(), 64));
  for (const auto& [name, value] : task.environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  signals.restore();
  execvp(argv[0], argv.data());
  fail(fmt::format("cannot run '{}': {}", command[0], std::strerror(errno)));
  std::abort();  // fail does not return
}

class Supervisor {
 public:
  explicit Supervisor(const LaunchOptions& options) : options_(options) {}

  void start(const Task& task);
  int run();

 private:
  bool connect(const Task& task, os::UniqueFd (&writeEnds)[2]);
  void wait();
  void read(Stream& stream);
  void onSignal(Signals::Taken taken);
  void reap();
  void judge(const Child& child, int waitStatus);
  void endLate();
  void endIn(Nanos grace, int with);
  void signalAll(int number);
  [[nodiscard]] bool anyRunning() const { return std::ranges::any_of(children_, &Child::running); }

  const LaunchOptions& options_;
  Signals signals_;
  std::vector<Child> children_;
  std::vector<Stream> streams_;
  int worst_ = 0;
  bool ending_ = false;  // who ends now ends because we end it
  std::optional<Deadline> endAt_;
  int endWith_ = SIGTERM;
};

bool Supervisor::connect(const Task& task, os::UniqueFd (&writeEnds)[2]) {
  for (const int target : {1, 2}) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    writeEnds[target - 1].reset(ends[1]);
    streams_.push_back({os::UniqueFd(ends[0]), LinePrefixer(task.mark, target)});
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
  }
  return true;
}

void Supervisor::start(const Task& task) {
  os::UniqueFd writeEnds[2];
  const bool piped = !task.ownInput;
  std::fflush(nullptr);
  const bool connected = !piped || connect(task, writeEnds);
  const pid_t parent = getpid();
  const pid_t pid = connected ? fork() : -1;
  if (pid == 0) {
    if (piped) {
      const os::UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
      dup2(nothing.get(), 0);
      for (const int target : {1, 2}) dup2(writeEnds[target - 1].get(), target);
    }
    become(task, options_.command, signals_, parent);
  }
  if (pid > 0) {
    children_.push_back({&task, pid});
    return;
  }
  fmt::print(stderr, "inccl-lab: {}: cannot start: {}\n", task.name, std::strerror(errno));
  worst_ = 1;
  endIn(0, SIGTERM);
}

int Supervisor::run() {
  if (options_.timeoutSeconds > 0 && !endAt_)
    endAt_ =
        Deadline::after(static_cast<Nanos>(options_.timeoutSeconds * static_cast<double>(kSecond)));
  while (anyRunning()) {
    wait();
    reap();
    endLate();
  }
  const Deadline drained = Deadline::after(kDrainTime);
  while (!streams_.empty() && !drained.passed()) wait();
  for (Stream& stream : streams_) stream.to.finish();
  return worst_;
}

void Supervisor::wait() {
  std::vector<pollfd> watched{{signals_.descriptor(), POLLIN, 0}};
  for (const Stream& stream : streams_) watched.push_back({stream.from.get(), POLLIN, 0});
  if (poll(watched.data(), watched.size(), kTickMs) <= 0) return;
  for (Signals::Taken taken; (taken = signals_.take()).number != 0;)
    if (taken.number != SIGCHLD) onSignal(taken);
  for (size_t i = 1; i < watched.size(); ++i)
    if (watched[i].revents != 0) read(streams_[i - 1]);
  std::erase_if(streams_, [](const Stream& stream) { return !stream.from.valid(); });
}

void Supervisor::read(Stream& stream) {
  std::array<char, 16 << 10> part{};
  const ssize_t got = ::read(stream.from.get(), part.data(), part.size());
  if (got > 0) return stream.to.take({part.data(), static_cast<size_t>(got)});
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  stream.to.finish();
  stream.from.reset();
}

void Supervisor::onSignal(Signals::Taken taken) {
  // A shell in the foreground decides by itself what an interrupt means.
  if (taken.fromTerminal && streams_.empty()) return;
  const bool again = ending_;
  worst_ = 128 + taken.number;
  ending_ = true;
  if (again) signalAll(SIGKILL);
  if (!again && !taken.fromTerminal) signalAll(taken.number);
  endIn(kTerminateGrace, SIGKILL);
}

// The first process of a room is parent of all that have lost theirs, and takes them off too.
void Supervisor::reap() {
  int waitStatus = 0;
  for (pid_t pid; (pid = waitpid(-1, &waitStatus, WNOHANG)) > 0;) {
    const auto child = std::ranges::find(children_, pid, &Child::pid);
    if (child == children_.end()) continue;
    child->running = false;
    if (!ending_) judge(*child, waitStatus);
  }
}

void Supervisor::judge(const Child& child, int waitStatus) {
  if (waitStatus == 0) return;
  const bool killed = WIFSIGNALED(waitStatus);
  const int status = killed ? 128 + WTERMSIG(waitStatus) : WEXITSTATUS(waitStatus);
  worst_ = std::max(worst_, status);
  if (children_.size() == 1) return;  // its status is ours, and says all
  if (killed) {
    fmt::print(stderr, "inccl-lab: {} was killed by signal {} ({})\n", child.task->name,
               WTERMSIG(waitStatus), strsignal(WTERMSIG(waitStatus)));
  } else {
    fmt::print(stderr, "inccl-lab: {} ended with status {}\n", child.task->name, status);
  }
  const Deadline grace = Deadline::after(kReportGrace);
  endAt_ = endAt_ ? endAt_->earlier(grace) : grace;
}

void Supervisor::endLate() {
  if (!endAt_ || !endAt_->passed()) return;
  if (!ending_) {
    for (const Child& child : children_)
      if (child.running)
        fmt::print(stderr, "inccl-lab: {} does not end: ending it\n", child.task->name);
    if (worst_ == 0) worst_ = kExitTimeout;
  }
  ending_ = true;
  signalAll(endWith_);
  endIn(kTerminateGrace, SIGKILL);
}

void Supervisor::endIn(Nanos grace, int with) {
  endAt_ = Deadline::after(grace);
  endWith_ = with;
}

void Supervisor::signalAll(int number) {
  for (const Child& child : children_)
    if (child.running) kill(child.pid, number);
}

}  // namespace

int runTasks(const std::vector<Task>& tasks, const LaunchOptions& options) {
  Supervisor supervisor(options);
  for (const Task& task : tasks) supervisor.start(task);
  return supervisor.run();
}

int waitFor(pid_t child) {
  const Signals signals;
  for (;;) {
    pollfd watched{signals.descriptor(), POLLIN, 0};
    poll(&watched, 1, kTickMs);
    for (Signals::Taken taken; (taken = signals.take()).number != 0;)
      if (taken.number != SIGCHLD && !taken.fromTerminal) kill(child, taken.number);
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

}  // namespace inccl::lab
