// Ring: each rank talks to two neighbours only and moves the fewest bytes there are, in many steps.
//
// All-reduce: the vector is n chunks. Chunk c starts at rank c and travels once round the ring
// while every rank adds its own; the rank before c has the sum, and sends it round once more. All
// is one lane: with fused steps a chunk is never written to memory only to be read again.
//   bytes sent per rank 2(n-1)/n · S, steps 2(n-1).
// The sum of a chunk is made along one path and copied from there, so trees are equal everywhere.
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

Result<Schedule> ringAllReduce(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder ring("ring", Collective::kAllReduce, n);
  ring.chunks(n, n);
  for (int rank = 0; rank < n; ++rank) {
    LaneBuilder lane = ring.lane(rank, 0, (rank + 1) % n, (rank + n - 1) % n);
    // The chunk that arrives at `step` (1, 2 …) started `step` ranks before this one.
    const auto arriving = [&](int step) {
      return static_cast<uint32_t>((rank + 2 * n - step) % n);
    };
    lane.send(input(arriving(0)));
    for (int step = 1; step < n - 1; ++step) lane.recvReduceSend(input(arriving(step)));
    lane.recvReduceCopySend(input(arriving(n - 1)), output(arriving(n - 1)));
    for (int step = n; step < 2 * n - 2; ++step) lane.recvCopySend(output(arriving(step)));
    lane.recv(output(arriving(2 * n - 2)));
  }
  return std::move(ring).build();
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
Result<Schedule> ringBroadcast(int rankCount, int root) {
  const int n = rankCount;
  const uint32_t pieces = n == 2 ? 1 : 4;
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
