// One rank's communicator, and the small exchanges that the tool itself needs.
//
// Times, counts of wrong elements and the list of ranks are brought together by the library's own
// collectives, outside of everything that is timed, so the tool needs no second network and works
// across hosts wherever the library does. Only 64-bit integers and doubles are used.
//
// Threading: one team per rank, used by that rank's thread; abort() by any thread.
#pragma once

#include <inccl/inccl.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "perf/outcome.h"

namespace inccl::perf {

class Team {
 public:
  static Outcome<Team> join(int ranks, const incclUniqueId& id, int rank);

  Team(Team&& other) noexcept;
  Team& operator=(Team&&) = delete;
  ~Team();  // leaves, if leave() was not called: others see this rank as gone

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int ranks() const { return ranks_; }
  [[nodiscard]] incclComm_t comm() const { return comm_; }

  Done barrier();
  Outcome<int64_t> reduce(int64_t value, incclRedOp_t op);
  Outcome<double> reduce(double value, incclRedOp_t op);
  // Element-wise over the ranks.
  Done maxInto(std::span<double> values);
  Outcome<double> ofRank0(double value);
  // All ranks' texts, cut to 255 bytes.
  Outcome<std::vector<std::string>> gather(const std::string& text);
  Outcome<std::vector<uint64_t>> gather(uint64_t value);
  // All ranks' values, rank after rank; each gives equally many.
  Outcome<std::vector<double>> gather(std::span<const double> values);

  // "transport algorithm protocol planId", or "" where the library names no plan.
  [[nodiscard]] std::string planOf(const char* collective, size_t bytes) const;

  void abort();
  Done leave();

 private:
  Team(incclComm_t comm, int rank, int ranks) : comm_(comm), rank_(rank), ranks_(ranks) {}
  Done reduceInto(void* value, size_t count, incclDataType_t type, incclRedOp_t op);

  incclComm_t comm_;
  int rank_;
  int ranks_;
};

}  // namespace inccl::perf
