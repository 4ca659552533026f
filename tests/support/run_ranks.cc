#include "support/run_ranks.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace inccl::test {
namespace {

// Who has arrived and who has finished; the only state that the threads share with the harness.
class Roster {
 public:
  explicit Roster(int rankCount)
      : running_(static_cast<size_t>(rankCount), true), waiting_(rankCount) {}

  // Returns when all ranks have called it.
  void startTogether() {
    std::unique_lock lock(mutex_);
    if (--waiting_ == 0) changed_.notify_all();
    changed_.wait(lock, [&] { return waiting_ == 0; });
  }
  void finish(int rank) {
    const std::lock_guard lock(mutex_);
    running_[static_cast<size_t>(rank)] = false;
    changed_.notify_all();
  }
  // "" when all have finished in time, else the ranks that have not.
  std::string awaitAll(Deadline deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::nanoseconds(deadline.remaining()),
                      [&] { return stillRunning().empty(); });
    return stillRunning();
  }

 private:
  [[nodiscard]] std::string stillRunning() const {
    std::string ranks;
    for (size_t rank = 0; rank < running_.size(); ++rank) {
      if (running_[rank]) ranks += " " + std::to_string(rank);
    }
    return ranks;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> running_;
  int waiting_;
};

void runOne(int rank, const std::function<void(int)>& body) {
  SCOPED_TRACE("rank " + std::to_string(rank));
  try {
    body(rank);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "an exception left the rank's body: " << error.what();
  } catch (...) {
    ADD_FAILURE() << "an exception of unknown type left the rank's body";
  }
}

}  // namespace

void runRanks(int rankCount, const std::function<void(int)>& body, Nanos timeout) {
  Roster roster(rankCount);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<size_t>(rankCount));
  for (int rank = 0; rank < rankCount; ++rank) {
    threads.emplace_back([&, rank] {
      roster.startTogether();
      runOne(rank, body);
      roster.finish(rank);
    });
  }
  if (const std::string stuck = roster.awaitAll(Deadline::after(timeout)); !stuck.empty()) {
    std::fprintf(stderr, "runRanks: of %d ranks these did not return within %g s:%s\n", rankCount,
                 static_cast<double>(timeout) / kSecond, stuck.c_str());
    std::abort();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace inccl::test
