// The untimed calls of a case: those whose data is verified, and the one whose results are hashed.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "perf/monotonic_clock.h"
#include "perf/runner.h"

namespace inccl::perf {

Outcome<int64_t> Runner::checkedCalls(const Case& c, const CallBuffers& buffers,
                                      const CallArguments& arguments) {
  int64_t wrong = 0;
  for (int i = 0; i < options_->checks && wrong == 0; ++i) {
    const uint64_t seed = ++seed_;
    prepareData(c, place(), buffers, seed);
    PERF_TRY(checkCall(call(arguments), "checked call", team_->comm()));
    const WrongData mine = findWrongData(c, place(), buffers, seed);
    if (mine.elements > 0) {
      fmt::print(stderr, "inccl-perf: rank {}: {}, {}: {}\n", team_->rank(), describe(c),
                 buffers.inPlace ? "in place" : "out of place", mine.what);
    }
    Outcome<int64_t> total = team_->reduce(mine.elements, incclSum);
    PERF_TRY(total);
    // A library whose sums are wrong must not be able to hide it from this rank.
    wrong = std::max(total.value(), mine.elements);
  }
  return wrong;
}

// A barrier is right if no rank leaves it before the last one has come. One rank comes late.
Outcome<int64_t> Runner::checkedBarriers() {
  int64_t wrong = 0;
  for (int i = 0; i < options_->checks && wrong == 0; ++i) {
    if (static_cast<int>(++seed_ % static_cast<uint64_t>(team_->ranks())) == team_->rank())
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const int64_t came = nowNanos();
    PERF_TRY(team_->barrier());
    const int64_t left = nowNanos();
    Outcome<int64_t> lastCame = team_->reduce(came, incclMax);
    PERF_TRY(lastCame);
    Outcome<int64_t> early = team_->reduce(int64_t{left < lastCame.value()}, incclSum);
    PERF_TRY(early);
    wrong = early.value();
  }
  return wrong;
}

Outcome<ResultHash> Runner::hashedCall(const Case& c, const CallBuffers& buffers,
                                       const CallArguments& arguments) {
  prepareRoughData(c, place(), buffers, kHashSeed);
  PERF_TRY(checkCall(call(arguments), "hashed call", arguments.comm));
  const uint64_t mine = receives(c, team_->rank()) ? hashOf(buffers.recv) : 0;
  Outcome<std::vector<uint64_t>> all = team_->gather(mine);
  PERF_TRY(all);
  ResultHash hash = summarise(std::move(all.value()), c.collective.sameOnAll);
  if (hash.unequal > 0 && mine != hash.ofRanks.front()) {
    fmt::print(stderr,
               "inccl-perf: rank {}: {}, {}: the result's hash is {:016x}, rank 0's {:016x}\n",
               team_->rank(), describe(c), buffers.inPlace ? "in place" : "out of place", mine,
               hash.ofRanks.front());
  }
  return hash;
}

Done Runner::addChecks(const Case& c, const CallBuffers& buffers, const CallArguments& arguments,
                       Measurement& m) {
  if (options_->checks > 0 && (c.collective.movesData || oneHost_)) {
    Outcome<int64_t> wrong =
        c.collective.movesData ? checkedCalls(c, buffers, arguments) : checkedBarriers();
    PERF_TRY(wrong);
    m.wrong = wrong.value();
  }
  if (!options_->hash || !c.collective.movesData) return done();
  Outcome<ResultHash> hash = hashedCall(c, buffers, arguments);
  PERF_TRY(hash);
  m.hash = std::move(hash.value());
  return done();
}

}  // namespace inccl::perf
