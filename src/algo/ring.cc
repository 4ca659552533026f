// Ring: each rank talks to two neighbours only and moves the fewest bytes there are, in many steps.
//
// All-reduce: the vector is n chunks. Chunk c starts at rank c and travels once round the ring
// while every rank adds its own; the rank before c has the sum, and sends it round once more. All
// is one lane: with fused steps a chunk is never written to memory only to be read again.
//   bytes sent per rank 2(n-1)/n · S, steps 2(n-1).
// The sum of a chunk is made along one path and copied from there, so trees are equal everywhere.
// With several channels each is a ring of its own with its share of the vector. Every other one
// runs backwards, so that both directions of a link carry data.
//
// In place: a rank writes output chunk c only when its input chunk c has been sent or added.
#include "algo/generators.h"
#include "schedule/builder.h"

namespace inccl::algo {

using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;

namespace {

constexpr uint32_t kPieces = 4;  // of a chain's vector

}  // namespace

Result<Schedule> ringAllReduce(int rankCount, int channels) {
  const int n = rankCount;
  ScheduleBuilder ring("ring", Collective::kAllReduce, n);
  ring.chunks(n * channels, n * channels);
  for (int rank = 0; rank < n; ++rank) {
    for (int channel = 0; channel < channels; ++channel) {
      const int forward = channel % 2 == 0 ? 1 : n - 1;
      LaneBuilder lane = ring.lane(rank, channel, (rank + forward) % n, (rank + n - forward) % n);
      // The chunk that arrives at `step` (1, 2 …) started `step` ranks before this one.
      const auto arriving = [&](int step) {
        const int start = (rank + (2 * n - step) * forward) % n;
        return static_cast<uint32_t>(channel * n + start);
      };
      lane.send(input(arriving(0)));
      for (int step = 1; step < n - 1; ++step) lane.recvReduceSend(input(arriving(step)));
      lane.recvReduceCopySend(input(arriving(n - 1)), output(arriving(n - 1)));
      for (int step = n; step < 2 * n - 2; ++step) lane.recvCopySend(output(arriving(step)));
      lane.recv(output(arriving(2 * n - 2)));
    }
  }
  return std::move(ring).build();
}

// Reduce-scatter: the first half of it, started one rank further, so that the sum of block r is
// made at rank r.
//   bytes sent per rank (n-1)·S for blocks of S, steps n-1.
Result<Schedule> ringReduceScatter(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder ring("ring", Collective::kReduceScatter, n);
  ring.chunks(n, 1);
  for (int rank = 0; rank < n; ++rank) {
    LaneBuilder lane = ring.lane(rank, 0, (rank + 1) % n, (rank + n - 1) % n);
    const auto arriving = [&](int step) {
      return static_cast<uint32_t>((rank + 2 * n - 1 - step) % n);
    };
    lane.send(input(arriving(0)));
    for (int step = 1; step < n - 1; ++step) lane.recvReduceSend(input(arriving(step)));
    lane.recvReduceCopy(input(arriving(n - 1)), output(0));
  }
  return std::move(ring).build();
}

// Reduce: a chain that ends at the root; every rank adds its own to what passes. Pieces as in the
// broadcast below.
//   bytes sent per rank S, steps n-1 (+ pieces - 1).
Result<Schedule> ringReduce(int rankCount, int root, uint32_t pieces) {
  const int n = rankCount;
  ScheduleBuilder chain("ring", Collective::kReduce, n);
  if (pieces == 0) pieces = n == 2 ? 1 : kPieces;
  chain.root(root).chunks(pieces, pieces);
  for (int hop = 1; hop <= n; ++hop) {
    const int rank = (root + hop) % n, next = (rank + 1) % n, previous = (rank + n - 1) % n;
    for (uint32_t piece = 0; piece < pieces; ++piece) {
      if (hop == 1)
        chain.lane(rank, 0, next).send(input(piece));
      else if (hop < n)
        chain.lane(rank, 0, next, previous).recvReduceSend(input(piece));
      else
        chain.lane(rank, 0, -1, previous).recvReduceCopy(input(piece), output(piece));
    }
  }
  return std::move(chain).build();
}

// All-gather: the second half of it, each rank's block being the chunk that starts there.
//   bytes sent per rank (n-1)·S for blocks of S, steps n-1.
Result<Schedule> ringAllGather(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder ring("ring", Collective::kAllGather, n);
  ring.chunks(1, n);
  for (int rank = 0; rank < n; ++rank) {
    LaneBuilder lane = ring.lane(rank, 0, (rank + 1) % n, (rank + n - 1) % n);
    lane.send(input(0));
    lane.copy(input(0), output(rank));
    for (int step = 1; step < n - 1; ++step) lane.recvCopySend(output((rank + n - step) % n));
    lane.recv(output((rank + 1) % n));
  }
  return std::move(ring).build();
}

// Broadcast: a chain from the root. Each rank forwards a piece while the next one arrives, so a
// long message costs about its own time once, and each hop that of one piece. Long messages are cut
// into slices anyway; the few chunks let one that fits into a slice flow as well.
Result<Schedule> ringBroadcast(int rankCount, int root, uint32_t pieces) {
  const int n = rankCount;
  if (pieces == 0) pieces = n == 2 ? 1 : kPieces;
  ScheduleBuilder chain("ring", Collective::kBroadcast, n);
  chain.root(root).chunks(pieces, pieces);
  for (int hop = 0; hop < n; ++hop) {
    const int rank = (root + hop) % n;
    const int next = hop + 1 < n ? (rank + 1) % n : -1;
    const int previous = hop > 0 ? (rank + n - 1) % n : -1;
    LaneBuilder lane = chain.lane(rank, 0, next, previous);
    for (uint32_t piece = 0; piece < pieces; ++piece) {
      if (hop == 0)
        lane.send(input(piece));
      else if (next >= 0)
        lane.recvCopySend(output(piece));
      else
        lane.recv(output(piece));
    }
    for (uint32_t piece = 0; hop == 0 && piece < pieces; ++piece)
      lane.copy(input(piece), output(piece));
  }
  return std::move(chain).build();
}

}  // namespace inccl::algo
