// One broken step for each kind of breakage, in schedules of every collective: all are refused, and
// for the reason that was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "algo/algorithm.h"
#include "verify/verify.h"

namespace inccl::verify {
namespace {

using namespace schedule;
using algo::Algorithm;
using ::testing::HasSubstr;

constexpr int kRanks = 5, kRoot = 2;

struct Breakage {
  Algorithm algorithm;
  Collective collective;
  std::function<void(Schedule&)> doIt;
  std::string_view reason;
};

std::vector<Step>& steps(Schedule& s, int rank, size_t lane) {
  return s.ranks[rank].lanes[lane].steps;
}

// The first step of that kind on `rank`.
Step& first(Schedule& s, int rank, StepKind kind) {
  for (Lane& lane : s.ranks[rank].lanes) {
    for (Step& step : lane.steps) {
      if (step.kind == kind) return step;
    }
  }
  ADD_FAILURE() << "rank " << rank << " has no " << name(kind);
  return s.ranks[rank].lanes[0].steps[0];
}

// The message is kept as it came, without this rank's contribution.
void addsNothing(Step& step) {
  step.kind =
      step.kind == StepKind::kRecvReduceCopySend ? StepKind::kRecvCopySend : StepKind::kRecv;
  step.sources.clear();
}

void expectRefused(const std::vector<Breakage>& breakages) {
  for (const auto& [algorithm, collective, doIt, reason] : breakages) {
    Schedule schedule = algo::generate(algorithm, collective, kRanks, kRoot).value();
    ASSERT_TRUE(verify(schedule).ok());
    doIt(schedule);
    const Status status = verify(schedule);
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason))
        << algo::name(algorithm) << " " << name(collective);
  }
}

TEST(BreakageTest, LostContributions) {
  const auto loses = [](int rank, StepKind kind) {
    return [=](Schedule& s) { addsNothing(first(s, rank, kind)); };
  };
  const auto isGone = [](int rank, StepKind kind) {
    return [=](Schedule& s) { first(s, rank, kind) = {StepKind::kNop, {}, {}, {}, {}}; };
  };
  expectRefused({
      {Algorithm::kRing, Collective::kAllReduce, loses(1, StepKind::kRecvReduceCopySend), "lacks"},
      {Algorithm::kTree, Collective::kReduce, loses(kRoot, StepKind::kRecvReduceCopy), "lacks"},
      {Algorithm::kDirect, Collective::kReduce,
       [](Schedule& s) { first(s, kRoot, StepKind::kReduceMany).sources.pop_back(); },
       "lacks input chunk 0 of rank 4"},
      {Algorithm::kRabenseifner, Collective::kReduceScatter, loses(3, StepKind::kRecvReduceCopy),
       "lacks"},
      {Algorithm::kPat, Collective::kReduceScatter, loses(0, StepKind::kRecvReduceCopy), "lacks"},
      {Algorithm::kPairwise, Collective::kAllToAll, isGone(1, StepKind::kCopy), "is never written"},
      {Algorithm::kBinomial, Collective::kGather, isGone(kRoot, StepKind::kCopy),
       "output chunk 2 is never written"},
      {Algorithm::kBinomial, Collective::kScatter, isGone(4, StepKind::kRecv), "has no receive"},
      {Algorithm::kPat, Collective::kAllGather, isGone(2, StepKind::kSend),
       "sends no such message"},
  });
}

TEST(BreakageTest, DoubledContributions) {
  const auto addsAgain = [](int rank, ChunkRef mine, ChunkRef sum) {
    return [=](Schedule& s) {
      StepRef last;
      std::vector<Lane>& lanes = s.ranks[rank].lanes;
      for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
        for (uint32_t step = 0; step < lanes[lane].steps.size(); ++step) {
          if (lanes[lane].steps[step].destination == sum) last = {lane, step};
        }
      }
      lanes[last.lane].steps.push_back({StepKind::kReduce, {sum, mine}, sum, {}, {}});
    };
  };
  const ChunkRef in{Buffer::kInput, 0}, out{Buffer::kOutput, 0};
  expectRefused({
      {Algorithm::kRecursiveDoubling, Collective::kAllReduce, addsAgain(2, in, out),
       "holds input chunk 0 of rank 2 more than once"},
      {Algorithm::kBinomial, Collective::kReduce, addsAgain(kRoot, in, out), "more than once"},
      {Algorithm::kRing, Collective::kReduceScatter, addsAgain(4, {Buffer::kInput, 4}, out),
       "holds input chunk 4 of rank 4 more than once"},
      {Algorithm::kDirect, Collective::kReduceScatter,
       [](Schedule& s) {
         Step& sum = first(s, 1, StepKind::kReduceMany);
         sum.sources[2] = sum.sources[1];
       },
       "holds input chunk 1 of rank 1 more than once"},
      {Algorithm::kBruck, Collective::kAllToAll,
       [](Schedule& s) {
         std::vector<Step>& sends = steps(s, 0, 0);
         sends.push_back(sends.back());
       },
       "has no receive for this message"},
  });
}

TEST(BreakageTest, ReorderedMessages) {
  const auto swapsSends = [](int rank, int peer) {
    return [=](Schedule& s) {
      for (Lane& lane : s.ranks[rank].lanes) {
        if (lane.sendPeer != peer || lane.steps.size() < 2) continue;
        return std::swap(lane.steps[0].sources, lane.steps[1].sources);
      }
      ADD_FAILURE() << "no such lane";
    };
  };
  expectRefused({
      {Algorithm::kBinomial, Collective::kScatter, swapsSends(kRoot, 4), "does not belong there"},
      {Algorithm::kBruck, Collective::kAllToAll, swapsSends(1, 2), "does not belong there"},
      {Algorithm::kRabenseifner, Collective::kReduceScatter, swapsSends(0, 3),
       "does not belong there"},
      {Algorithm::kRing, Collective::kBroadcast, swapsSends(kRoot, 3), "has the length of chunk"},
      {Algorithm::kDoubleTree, Collective::kReduce,
       [](Schedule& s) {
         std::vector<Step>& sends = steps(s, 3, 0);
         std::swap(sends[0].sources, sends[1].sources);
       },
       "has the length of chunk"},
  });
}

TEST(BreakageTest, WrongBuffers) {
  const auto sendsFrom = [](int rank, ChunkRef source) {
    return [=](Schedule& s) { first(s, rank, StepKind::kSend).sources[0] = source; };
  };
  const auto receivesInto = [](int rank, ChunkRef place) {
    return [=](Schedule& s) { first(s, rank, StepKind::kRecv).destination = place; };
  };
  expectRefused({
      {Algorithm::kPairwise, Collective::kAllToAll, sendsFrom(1, {Buffer::kOutput, 2}),
       "reads output chunk 2, which holds nothing yet"},
      {Algorithm::kPairwise, Collective::kAllToAll, sendsFrom(1, {Buffer::kInput, 4}),
       "does not belong there"},
      {Algorithm::kDirect, Collective::kGather, receivesInto(kRoot, {Buffer::kOutput, 2}),
       "in no fixed order"},
      {Algorithm::kDirect, Collective::kReduce, sendsFrom(0, {Buffer::kOutput, 0}),
       "which holds nothing yet"},
      {Algorithm::kBinomial, Collective::kScatter,
       [](Schedule& s) {
         Step& passing = first(s, 4, StepKind::kRecv);
         passing.destination = ChunkRef{Buffer::kOutput, 0};
       },
       "before anything was written to it"},
      {Algorithm::kRing, Collective::kReduce,
       [](Schedule& s) {
         Step& passing = first(s, 1, StepKind::kRecvReduceSend);
         passing.kind = StepKind::kRecvReduceCopySend;
         passing.destination = passing.sources[0];
         passing.destination->buffer = Buffer::kOutput;
       },
       "writes to an output, which only the root has"},
  });
}

TEST(BreakageTest, CyclicWaits) {
  expectRefused({
      // Everyone receives before it sends.
      {Algorithm::kPairwise, Collective::kAllToAll,
       [](Schedule& s) {
         for (int rank = 0; rank < kRanks; ++rank)
           std::swap(steps(s, rank, 0)[0], steps(s, rank, 0)[1]);
       },
       "deadlock with 2 slots per channel"},
      {Algorithm::kRabenseifner, Collective::kAllReduce,
       [](Schedule& s) {
         for (int rank = 0; rank < kRanks; ++rank) steps(s, rank, 0)[0].after = {{1, 0}};
       },
       "deadlock with 2 slots per channel"},
      // Two ranks wait for each other by way of what they pass on.
      {Algorithm::kBinomial, Collective::kGather,
       [](Schedule& s) {
         first(s, kRoot, StepKind::kRecv).after = {{0, 1}};
       },
       "waits for"},
      {Algorithm::kDirect, Collective::kReduceScatter,
       [](Schedule& s) {
         first(s, 0, StepKind::kRecv).after = {
             {static_cast<uint32_t>(s.ranks[0].lanes.size() - 1), 0}};
       },
       "waits for itself through `after`"},
  });
}

TEST(BreakageTest, RacingWrites) {
  const auto waitsForNothing = [](int rank, StepKind kind) {
    return [=](Schedule& s) {
      for (Lane& lane : s.ranks[rank].lanes) {
        for (Step& step : lane.steps) {
          if (step.kind != kind || step.after.empty()) continue;
          step.after.clear();
          return;
        }
      }
      ADD_FAILURE() << "nothing waits";
    };
  };
  expectRefused({
      {Algorithm::kDirect, Collective::kReduce, waitsForNothing(kRoot, StepKind::kReduceMany),
       "in no fixed order"},
      {Algorithm::kBruck, Collective::kAllToAll, waitsForNothing(0, StepKind::kSend),
       "in no fixed order"},
      {Algorithm::kBinomial, Collective::kScatter, waitsForNothing(4, StepKind::kSend),
       "in no fixed order"},
      {Algorithm::kRabenseifner, Collective::kReduceScatter,
       waitsForNothing(1, StepKind::kRecvReduceCopy), "in no fixed order"},
      {Algorithm::kTwoLevel, Collective::kAllReduce, waitsForNothing(0, StepKind::kSend),
       "in no fixed order"},
      {Algorithm::kTree, Collective::kReduce, waitsForNothing(kRoot, StepKind::kRecvReduceCopy),
       "in no fixed order"},
  });
}

TEST(BreakageTest, UnequalTrees) {
  const auto addsInAnotherOrder = [](int rank) {
    return [=](Schedule& s) {
      std::vector<ChunkRef>& sources = first(s, rank, StepKind::kReduceMany).sources;
      std::swap(sources[1], sources[4]);
    };
  };
  expectRefused({
      {Algorithm::kDirect, Collective::kAllReduce, addsInAnotherOrder(3),
       "is summed in another order than on rank 0"},
  });
  // Where each rank sums something else, or only one does, the order is its own affair.
  for (const Collective collective : {Collective::kReduce, Collective::kReduceScatter}) {
    Schedule schedule = algo::generate(Algorithm::kDirect, collective, kRanks, kRoot).value();
    addsInAnotherOrder(kRoot)(schedule);
    EXPECT_TRUE(verify(schedule).ok());
  }
}

}  // namespace
}  // namespace inccl::verify
