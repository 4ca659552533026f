// Recursive doubling: what a rank knows doubles with each exchange, so log2 n of them are enough.
// Best for short messages, where the number of steps is what costs.
//
// Each round has a peer of its own, so each is a lane; `after` keeps the rounds in order.
#include <algorithm>
#include <bit>

#include "algo/generators.h"
#include "schedule/builder.h"

namespace inccl::algo {

using schedule::ChunkRef;
using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;
using schedule::scratch;
using schedule::StepRef;

// All-reduce: in round k partners whose numbers differ in bit k exchange their sums so far; each
// adds the other's to its own. Both compute a ⊕ b, one as b ⊕ a, which has the same bits: by
// induction all ranks end with the same tree.
//
// If n is not a power of two, let p be the largest below. The first 2(n-p) ranks form pairs: the
// odd one folds its vector into the even one, which takes part for both and gives the result back.
// The others take part for themselves; participant i is rank 2i in the pairs, i + (n-p) behind
// them.
//   bytes sent per rank log2 p · S (+ S for folding), steps log2 p (+ 2).
namespace {

struct Folding {
  explicit Folding(int rankCount)
      : participants(static_cast<int>(std::bit_floor(static_cast<unsigned>(rankCount)))),
        pairs(rankCount - participants) {}
  [[nodiscard]] int rankOf(int participant) const {
    return participant < pairs ? 2 * participant : participant + pairs;
  }
  int participants;
  int pairs;
};

void addParticipant(ScheduleBuilder& doubling, const Folding& folding, int participant) {
  const int rank = folding.rankOf(participant);
  const bool folds = participant < folding.pairs;
  ChunkRef sum = input(0);
  LaneBuilder::After last;
  if (folds) {
    last = {doubling.lane(rank, 0, rank + 1, rank + 1).recvReduceCopy(sum, output(0))};
    sum = output(0);
  }
  for (int bit = 1; bit < folding.participants; bit *= 2) {
    const int partner = folding.rankOf(participant ^ bit);
    LaneBuilder lane = doubling.lane(rank, 0, partner, partner);
    lane.send(sum, last);
    last = {lane.recvReduceCopy(sum, output(0))};
    sum = output(0);
  }
  if (folds) doubling.lane(rank, 0, rank + 1, rank + 1).send(output(0), last);
}

}  // namespace

Result<Schedule> recursiveDoublingAllReduce(int rankCount) {
  ScheduleBuilder doubling("recursive_doubling", Collective::kAllReduce, rankCount);
  doubling.chunks(1, 1);
  const Folding folding(rankCount);
  for (int participant = 0; participant < folding.participants; ++participant)
    addParticipant(doubling, folding, participant);
  for (int pair = 0; pair < folding.pairs; ++pair) {
    LaneBuilder lane = doubling.lane(2 * pair + 1, 0, 2 * pair, 2 * pair);
    lane.send(input(0));
    lane.recv(output(0));
  }
  return std::move(doubling).build();
}

// Broadcast: the binomial tree, seen from the root: in round k the 2^k ranks that have the message
// each give it to the one 2^k further.
Result<Schedule> recursiveDoublingBroadcast(int rankCount, int root) {
  const int n = rankCount;
  ScheduleBuilder doubling("recursive_doubling", Collective::kBroadcast, n);
  doubling.root(root).chunks(1, 1);
  for (int distance = 0; distance < n; ++distance) {
    const int rank = (root + distance) % n;
    LaneBuilder::After received;
    // The round in which this rank is served is its highest bit.
    const int served = static_cast<int>(std::bit_floor(static_cast<unsigned>(distance)));
    if (distance > 0) {
      const int parent = (root + distance - served) % n;
      received = {doubling.lane(rank, 0, -1, parent).recv(output(0))};
    }
    for (int d = std::max(1, 2 * served); distance + d < n; d *= 2) {
      LaneBuilder lane = doubling.lane(rank, 0, (rank + d) % n);
      lane.send(distance == 0 ? input(0) : output(0), received);
    }
    if (distance == 0) doubling.lane(rank, 0).copy(input(0), output(0));
  }
  return std::move(doubling).build();
}

// Barrier by dissemination (Hensgen, Finkel, Manber, 1988): in round k each rank tells the one 2^k
// above that the 2^k ranks up to itself have come. Messages are empty; they take a chunk each only
// because every message has a name.
Result<Schedule> recursiveDoublingBarrier(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder doubling("recursive_doubling", Collective::kBarrier, n);
  const auto rounds = static_cast<uint32_t>(std::bit_width(static_cast<unsigned>(n - 1)));
  doubling.chunks(1, 0, rounds);
  for (int rank = 0; rank < n; ++rank) {
    LaneBuilder::After last;
    for (uint32_t round = 0; round < rounds; ++round) {
      const int d = 1 << round;
      LaneBuilder lane = doubling.lane(rank, 0, (rank + d) % n, (rank + n - d) % n);
      lane.send(input(0), last);
      last = {lane.recv(scratch(round))};
    }
  }
  return std::move(doubling).build();
}

}  // namespace inccl::algo
