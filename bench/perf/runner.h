// Measures one case: warm-up, timed loop, then checked calls outside of the timed part.
//
// The time is that of nccl-tests: iterations run back to back between two readings of the clock,
// and the whole is divided by the number of calls. A barrier before the loop lets the ranks start
// together. Buffers are the same from call to call (as in OSU, IMB and most applications), so
// small messages are in the caches; --rotate walks through the memory instead.
//
// Threading: one runner per rank. Nothing is allocated in the timed loop.
#pragma once

#include <cstdint>
#include <vector>

#include "perf/case_operation.h"
#include "perf/checked_call.h"
#include "perf/guarded_buffer.h"
#include "perf/measurement.h"
#include "perf/options.h"
#include "perf/team.h"

namespace inccl::perf {

class Runner {
 public:
  // Buffers for cases of up to maxBytes. `oneHost`: all ranks share a clock.
  static Outcome<Runner> create(Team& team, const Options& options, uint64_t maxBytes,
                                bool oneHost);

  Outcome<Measurement> measure(const Case& measured, bool inPlace);

 private:
  struct Timing {
    double secondsPerCall = 0;
    std::vector<double> iterationMicroseconds;  // empty unless asked for
  };

  Runner(Team& team, const Options& options, uint64_t capacity, bool oneHost, GuardedBuffer send,
         GuardedBuffer recv);

  [[nodiscard]] CallBuffers buffersFor(const Case& measured, bool inPlace) const;
  Outcome<CallArguments> argumentsFor(const Case& measured, const CallBuffers& buffers);
  [[nodiscard]] RankPlace place() const { return {team_->rank(), team_->ranks()}; }

  [[nodiscard]] CallArguments rotated(const CallArguments& arguments, size_t turn) const;
  incclResult_t iterate(const CallArguments& arguments, int iteration) const;
  void chooseRotation(const Case& measured, const CallBuffers& buffers);
  Outcome<Timing> timedLoop(const CallArguments& arguments);
  Outcome<double> overRanks(double seconds);
  Outcome<IterationTimes> iterationTimes(const std::vector<double>& mine);
  Outcome<int64_t> checkedCalls(const Case& measured, const CallBuffers& buffers,
                                const CallArguments& arguments);
  Outcome<ResultHash> hashedCall(const Case& measured, const CallBuffers& buffers,
                                 const CallArguments& arguments);
  Done addTimes(const Case& measured, const Timing& timing, Measurement& target);
  Done addChecks(const Case& measured, const CallBuffers& buffers, const CallArguments& arguments,
                 Measurement& target);
  Outcome<Measurement> measureCase(const Case& measured, bool inPlace);
  Outcome<int64_t> checkedBarriers();

  Team* team_;
  const Options* options_;
  uint64_t capacity_;  // usable bytes of each buffer, without the shift of -u
  bool oneHost_;
  GuardedBuffer sendBuffer_, recvBuffer_;
  CaseOperation operation_;
  BlockArrays blocks_;  // of the case being measured, if it is an alltoallv
  size_t rotationStep_ = 0, rotationPlaces_ = 1;  // --rotate, for the case being measured
  uint64_t seed_ = 1;  // equal on all ranks: every rank measures the same cases in order
};

}  // namespace inccl::perf
