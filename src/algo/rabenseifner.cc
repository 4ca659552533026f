// Recursive halving, and Rabenseifner's all-reduce: the bytes of a ring in the steps of a doubling.
//
// Reduce-scatter: a rank has partial sums of all n blocks. In each round it sends half of them away
// and adds the half that it gets to the rest, until one block is left. All-reduce then gathers the
// blocks by the same exchanges the other way round.
//   reduce-scatter   bytes sent per rank (n-1)·S for blocks of S, steps ceil(log2 n)
//   all-reduce       bytes sent per rank 2(n-1)/n · S, steps 2·ceil(log2 n)
//
// Partners are not found by flipping bits, which needs a power of two, but at distances that do for
// every n, without folding (J. L. Träff: "Optimal, non-pipelined reduce-scatter and allreduce
// algorithms", 2024): of s partial sums the last ones, from h = ceil(s/2) on, go to the rank h
// above, for which they are the first ones. Let partial sum j be that of block rank + j.
//
// Sending and receiving are lanes of their own: all messages of a round may be on their way at
// once, and if there is room for two only, receiving makes more.
//
// Each block is summed at one rank and copied from there, so trees are equal everywhere. In place a
// sum lies where its own contribution was, which only it reads, and what arrives in the gathering
// half is written when that place has been sent.
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

namespace {

// The numbers of partial sums before each round: n, ceil(n/2) … 2.
std::vector<int> roundSizes(int n) {
  std::vector<int> sizes;
  for (int size = n; size > 1; size = (size + 1) / 2) sizes.push_back(size);
  return sizes;
}

// What a rank's partial sums wait for, by their number.
struct Halving {
  std::vector<LaneBuilder::After> summed;  // empty: still this rank's own contribution
  std::vector<LaneBuilder::After> sent;
};

// The halving rounds of `rank`; sum j is made at place(j).
template <typename PlaceOf>
Halving addHalving(ScheduleBuilder& builder, int rank, int n, PlaceOf place) {
  Halving done{std::vector<LaneBuilder::After>(n), std::vector<LaneBuilder::After>(n)};
  const auto current = [&](int j) {
    return done.summed[j].empty() ? input((rank + j) % n) : place(j);
  };
  for (const int size : roundSizes(n)) {
    const int half = (size + 1) / 2;
    LaneBuilder up = builder.lane(rank, 0, (rank + half) % n);
    LaneBuilder fromBelow = builder.lane(rank, 0, -1, (rank + n - half) % n);
    for (int j = 0; j < size - half; ++j) {
      done.sent[half + j] = {up.send(current(half + j), done.summed[half + j])};
      done.summed[j] = {fromBelow.recvReduceCopy(current(j), place(j), done.summed[j])};
    }
  }
  return done;
}

}  // namespace

Result<Schedule> rabenseifnerReduceScatter(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder halving("rabenseifner", Collective::kReduceScatter, n);
  // The first round adds to floor(n/2) sums, later ones to some of these.
  halving.chunks(n, 1, n / 2 - 1);
  for (int rank = 0; rank < n; ++rank)
    addHalving(halving, rank, n, [](int j) { return j == 0 ? output(0) : scratch(j - 1); });
  return std::move(halving).build();
}

Result<Schedule> rabenseifnerAllReduce(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder halving("rabenseifner", Collective::kAllReduce, n);
  halving.chunks(n, n);
  for (int rank = 0; rank < n; ++rank) {
    const auto place = [&](int j) { return output((rank + j) % n); };
    const Halving done = addHalving(halving, rank, n, place);
    std::vector<LaneBuilder::After> whole(n);
    whole[0] = done.summed[0];
    const std::vector<int> sizes = roundSizes(n);
    for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
      const int half = (*size + 1) / 2;
      LaneBuilder down = halving.lane(rank, 0, (rank + n - half) % n);
      LaneBuilder fromAbove = halving.lane(rank, 0, -1, (rank + half) % n);
      for (int j = 0; j < *size - half; ++j) {
        down.send(place(j), whole[j]);
        whole[half + j] = {fromAbove.recv(place(half + j), done.sent[half + j])};
      }
    }
  }
  return std::move(halving).build();
}

}  // namespace inccl::algo
