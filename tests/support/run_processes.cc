#include "support/run_processes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sstream>
#include <system_error>

namespace inccl::test {

// Words that somebody waits for are futexes. The harness calls the system directly, not through
// src/os: the seam is under test, and its calls are counted there.
struct SharedPage {
  static constexpr size_t kMaxRanks = 64;
  struct Rank {
    std::atomic<uint64_t> progress{0};
    std::atomic<uint32_t> progressChanges{0};
    char sentence[512] = {};
  };
  std::atomic<uint32_t> idIsThere{0};
  std::array<std::byte, kSharedIdBytes> id{};
  std::atomic<uint32_t> arrivals{0};  // at meetings, of all ranks together
  std::array<Rank, kMaxRanks> ranks;
};

namespace {

constexpr Nanos kPollInterval = kMillisecond;
constexpr int kStatusMissedDeadline = 97;
constexpr int kStatusException = 98;

timespec toTimespec(Nanos duration) {
  return {static_cast<time_t>(duration / kSecond), static_cast<long>(duration % kSecond)};
}

// Returns when the word has (probably) changed, or after at most `atMost`.
void waitWhile(const std::atomic<uint32_t>& word, uint32_t value, Nanos atMost) {
  const timespec timeout = toTimespec(atMost);
  syscall(SYS_futex, &word, FUTEX_WAIT, value, &timeout, nullptr, 0);
}
void wakeAll(const std::atomic<uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

[[noreturn]] void endChildLate(int rank, const char* what) {
  std::fprintf(stderr, "rank %d: %s before the deadline of the run\n", rank, what);
  std::_Exit(kStatusMissedDeadline);
}

// The whole life of a child. Children must not outlive the test program, whoever kills it.
[[noreturn]] void runChild(pid_t parent, RankProcess self, const RankProcesses::Body& body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) std::_Exit(kStatusMissedDeadline);
  int status = kStatusException;
  try {
    body(self);
    status = ::testing::Test::HasFailure() ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rank %d: an exception left its body: %s\n", self.rank(), error.what());
  } catch (...) {
    std::fprintf(stderr, "rank %d: an exception of unknown type left its body\n", self.rank());
  }
  std::exit(status);
}

}  // namespace

void RankProcess::publishId(const std::array<std::byte, kSharedIdBytes>& bytes) {
  page_.id = bytes;
  page_.idIsThere.store(1, std::memory_order_release);
  wakeAll(page_.idIsThere);
}

std::array<std::byte, kSharedIdBytes> RankProcess::awaitId() {
  while (page_.idIsThere.load(std::memory_order_acquire) == 0) {
    if (deadline_.passed()) endChildLate(rank_, "no id came from rank 0");
    waitWhile(page_.idIsThere, 0, deadline_.remaining());
  }
  return page_.id;
}

void RankProcess::meetAll() {
  const uint32_t awaited = ++meetings_ * static_cast<uint32_t>(size_);
  page_.arrivals.fetch_add(1, std::memory_order_acq_rel);
  wakeAll(page_.arrivals);
  for (uint32_t seen; (seen = page_.arrivals.load(std::memory_order_acquire)) < awaited;) {
    if (deadline_.passed()) endChildLate(rank_, "not all ranks met");
    waitWhile(page_.arrivals, seen, deadline_.remaining());
  }
}

void RankProcess::setProgress(uint64_t value) {
  SharedPage::Rank& mine = page_.ranks[static_cast<size_t>(rank_)];
  mine.progress.store(value, std::memory_order_release);
  mine.progressChanges.fetch_add(1, std::memory_order_release);
  wakeAll(mine.progressChanges);
}

void RankProcess::say(std::string_view text) {
  auto& sentence = page_.ranks[static_cast<size_t>(rank_)].sentence;
  const size_t length = std::min(text.size(), sizeof(sentence) - 1);
  std::memcpy(sentence, text.data(), length);
  sentence[length] = '\0';
}

std::string ProcessEnd::describe() const {
  std::ostringstream text;
  text << "rank " << rank << " (pid " << pid << ") ";
  if (late) {
    text << "had not ended and was killed";
  } else if (signal != 0) {
    text << "was ended by signal " << signal;
  } else {
    text << "exited with status " << exitStatus;
  }
  text << " after " << static_cast<double>(elapsed / kMillisecond) / 1000 << " s";
  return text.str();
}

void RankProcesses::Unmap::operator()(SharedPage* page) const { munmap(page, sizeof(SharedPage)); }

RankProcesses::RankProcesses(int rankCount, const Body& body, Nanos timeout)
    : start_(nowNs()), deadline_(Deadline::at(start_ + timeout)) {
  if (rankCount < 0 || static_cast<size_t>(rankCount) > SharedPage::kMaxRanks) {
    throw std::system_error(EINVAL, std::generic_category(), "RankProcesses: rank count");
  }
  void* const memory =
      mmap(nullptr, sizeof(SharedPage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  page_.reset(new (memory) SharedPage);

  std::fflush(nullptr);  // or every child would print the parent's buffered text again
  const pid_t parent = getpid();
  for (int rank = 0; rank < rankCount; ++rank) {
    const pid_t child = fork();
    if (child == 0) runChild(parent, RankProcess(*page_, rank, rankCount, deadline_), body);
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    ends_.push_back({.rank = rank, .pid = child});
    reaped_.push_back(false);
  }
}

RankProcesses::~RankProcesses() {
  for (int rank = 0; rank < size(); ++rank) {
    if (ended(rank)) continue;
    kill(pid(rank), SIGKILL);
    waitpid(pid(rank), nullptr, 0);
  }
}

void RankProcesses::signal(int rank, int signalNumber) {
  if (!ended(rank)) kill(pid(rank), signalNumber);
}

uint64_t RankProcesses::progress(int rank) const {
  return page_->ranks[static_cast<size_t>(rank)].progress.load(std::memory_order_acquire);
}

bool RankProcesses::awaitProgress(int rank, uint64_t atLeast) {
  const SharedPage::Rank& watched = page_->ranks[static_cast<size_t>(rank)];
  while (true) {
    const uint32_t changes = watched.progressChanges.load(std::memory_order_acquire);
    if (progress(rank) >= atLeast) return true;
    if (deadline_.passed()) return false;
    reap();
    if (ended(rank)) return progress(rank) >= atLeast;
    waitWhile(watched.progressChanges, changes, std::min(deadline_.remaining(), 50 * kMillisecond));
  }
}

std::string RankProcesses::said(int rank) const {
  return page_->ranks[static_cast<size_t>(rank)].sentence;
}

void RankProcesses::reap() {
  for (size_t i = 0; i < ends_.size(); ++i) {
    int status = 0;
    if (reaped_[i] || waitpid(ends_[i].pid, &status, WNOHANG) != ends_[i].pid) continue;
    reaped_[i] = true;
    ends_[i].elapsed = nowNs() - start_;
    if (WIFSIGNALED(status)) ends_[i].signal = WTERMSIG(status);
    if (WIFEXITED(status)) ends_[i].exitStatus = WEXITSTATUS(status);
  }
}

bool RankProcesses::awaitEnd(const std::vector<int>& ranks) {
  while (true) {
    reap();
    bool all = true;
    for (const int rank : ranks) all = all && ended(rank);
    if (all || deadline_.passed()) return all;
    const timespec interval = toTimespec(kPollInterval);
    nanosleep(&interval, nullptr);
  }
}

std::vector<ProcessEnd> RankProcesses::wait() {
  std::vector<int> everyone;
  for (int rank = 0; rank < size(); ++rank) everyone.push_back(rank);
  if (awaitEnd(everyone)) return ends_;
  for (int rank = 0; rank < size(); ++rank) {
    if (ended(rank)) continue;
    ProcessEnd& end = ends_[static_cast<size_t>(rank)];
    kill(end.pid, SIGKILL);
    waitpid(end.pid, nullptr, 0);
    end.late = true;
    end.signal = SIGKILL;
    end.elapsed = nowNs() - start_;
    reaped_[static_cast<size_t>(rank)] = true;
  }
  return ends_;
}

std::vector<ProcessEnd> runProcesses(int rankCount, const RankProcesses::Body& body,
                                     Nanos timeout) {
  return RankProcesses(rankCount, body, timeout).wait();
}

std::string notClean(const std::vector<ProcessEnd>& ends) {
  std::string lines;
  for (const ProcessEnd& end : ends) {
    if (!end.clean()) lines += end.describe() + "\n";
  }
  return lines;
}

}  // namespace inccl::test
