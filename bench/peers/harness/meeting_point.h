// Where the ranks of one library meet without that library: a file that all of them map.
//
// A comparison is fair only if every library is started and stopped by the same foreign clockwork.
// So the barrier before each timed call, the number of calls and the exchange of a unique id never
// go through the library under test; they go through this file. It lies in memory (the driver
// picks /dev/shm where it can) and starts as zeros, which is the valid initial state, so that no
// rank has to be first.
//
// The barrier is a counter and an epoch: the last to arrive resets the one and bumps the other.
// With at most one rank per core the others spin; with more they yield between looks, or the rank
// that everybody waits for would get no core.
//
// Threading: one MeetingPoint per rank, used by one thread; the ranks may also be threads (tests).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace inccl::peers {

inline constexpr int kMaxRanks = 64;
inline constexpr uint32_t kMaxCalls = 20000;
inline constexpr size_t kMailboxBytes = 256;

struct ControlBlock;

class MeetingPoint {
 public:
  // Maps `path`, making it where it is missing.
  MeetingPoint(const std::string& path, int rank, int ranks, bool yieldWhileWaiting);
  ~MeetingPoint();
  MeetingPoint(const MeetingPoint&) = delete;
  MeetingPoint& operator=(const MeetingPoint&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int ranks() const { return ranks_; }

  void barrier();

  // Collective: every rank gets the value that rank 0 came with. This is how all ranks come to run
  // the same number of calls although only one looks at the clock.
  [[nodiscard]] uint64_t decidedByRankZero(uint64_t value);

  // Rank 0 leaves up to kMailboxBytes, once per run; the others sleep until they are there.
  void leaveInMailbox(const void* bytes, size_t count);
  void takeFromMailbox(void* bytes, size_t count);

  // Counts arrivals, for proving that a library's barrier is one. Returns the new total.
  uint64_t countEntry();
  [[nodiscard]] uint64_t entries() const;

  // Nanoseconds of each call, kMaxCalls entries; a rank writes only its own row.
  [[nodiscard]] uint64_t* durations(int rank);

 private:
  ControlBlock* block_ = nullptr;
  int rank_;
  int ranks_;
  bool yieldWhileWaiting_;
};

}  // namespace inccl::peers
