// Ranks as processes, for what threads cannot show: death by signal, real shared memory, launches.
//
// The harness forks one child per rank before any of them runs. Every child shares a page with the
// parent: the 128 bytes by which ranks find each other, how far each child has come, and a
// sentence that it may leave behind. A child ends with the status of its failed expectations, as a
// program does (exit handlers, leak check). What is still alive at the deadline is killed by its
// pid and reported as late; children die with their parent.
//
// The parent must not have used the library itself (a child of a process with a service thread
// gets an error from every call, which is right, and a test of its own).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/clock.h"

namespace inccl::test {

constexpr Nanos kProcessesTimeout = 60 * kSecond;
constexpr size_t kSharedIdBytes = 128;

// The page between the parent and its children; see run_processes.cc.
struct SharedPage;

// A child's view of the harness.
class RankProcess {
 public:
  RankProcess(SharedPage& page, int rank, int size, Deadline deadline)
      : page_(page), rank_(rank), size_(size), deadline_(deadline) {}

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  // Of the whole run.
  [[nodiscard]] Deadline deadline() const { return deadline_; }

  // The same Id on all ranks: `make` is called on rank 0 only. Ends the process when rank 0 has not
  // come by before the deadline.
  template <typename Id>
  Id sharedId(const std::function<Id()>& make) {
    static_assert(std::is_trivially_copyable_v<Id> && sizeof(Id) <= kSharedIdBytes);
    std::array<std::byte, kSharedIdBytes> bytes{};
    Id id{};
    if (rank_ == 0) {
      id = make();
      std::memcpy(bytes.data(), &id, sizeof(Id));
      publishId(bytes);
    } else {
      bytes = awaitId();
      std::memcpy(&id, bytes.data(), sizeof(Id));
    }
    return id;
  }

  // Waits until all ranks have called it as often as this one; ends the process at the deadline.
  void meetAll();
  // How far this rank has come, for RankProcesses::awaitProgress. Only grows.
  void setProgress(uint64_t value);
  // A sentence for RankProcesses::said; up to 511 characters are kept, the newest wins.
  void say(std::string_view text);

 private:
  void publishId(const std::array<std::byte, kSharedIdBytes>& bytes);
  std::array<std::byte, kSharedIdBytes> awaitId();

  SharedPage& page_;
  int rank_;
  int size_;
  Deadline deadline_;
  uint32_t meetings_ = 0;
};

// How one rank ended.
struct ProcessEnd {
  int rank = -1;
  pid_t pid = -1;
  bool late = false;   // alive at the deadline; the harness killed it
  int signal = 0;      // the signal that ended it, 0 when it exited
  int exitStatus = 0;  // when it exited
  Nanos elapsed = 0;   // from the start of the run

  [[nodiscard]] bool clean() const { return !late && signal == 0 && exitStatus == 0; }
  // "rank 2 (pid 4711) was ended by signal 9 after 0.31 s"
  [[nodiscard]] std::string describe() const;
};

// A run whose parent takes part: it may signal ranks and look at their progress.
class RankProcesses {
 public:
  using Body = std::function<void(RankProcess& self)>;

  RankProcesses(int rankCount, const Body& body, Nanos timeout = kProcessesTimeout);
  ~RankProcesses();  // kills and reaps what is left
  RankProcesses(const RankProcesses&) = delete;
  RankProcesses& operator=(const RankProcesses&) = delete;

  [[nodiscard]] int size() const { return static_cast<int>(ends_.size()); }
  [[nodiscard]] pid_t pid(int rank) const { return ends_[static_cast<size_t>(rank)].pid; }
  // Sends SIGKILL, SIGSTOP, SIGCONT … to a rank that has not been reaped.
  void signal(int rank, int signalNumber);
  // True once `rank` has set at least this progress; false at the run's deadline.
  [[nodiscard]] bool awaitProgress(int rank, uint64_t atLeast);
  [[nodiscard]] uint64_t progress(int rank) const;
  // Waits until these ranks have ended. False at the run's deadline.
  [[nodiscard]] bool awaitEnd(const std::vector<int>& ranks);
  [[nodiscard]] std::string said(int rank) const;
  // Waits for all, kills what is late, and says how each ended.
  std::vector<ProcessEnd> wait();

 private:
  struct Unmap {
    void operator()(SharedPage* page) const;
  };
  void reap();
  [[nodiscard]] bool ended(int rank) const { return reaped_[static_cast<size_t>(rank)]; }

  std::unique_ptr<SharedPage, Unmap> page_;
  Nanos start_;
  Deadline deadline_;
  std::vector<ProcessEnd> ends_;
  std::vector<bool> reaped_;
};

// Starts and waits. Most tests then say: EXPECT_EQ(notClean(runProcesses(…)), "").
std::vector<ProcessEnd> runProcesses(int rankCount, const RankProcesses::Body& body,
                                     Nanos timeout = kProcessesTimeout);

// A line for each rank that did not end cleanly.
std::string notClean(const std::vector<ProcessEnd>& ends);

}  // namespace inccl::test
