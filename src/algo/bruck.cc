// Bruck's algorithms (Bruck, Ho, Kipnis, Upfal, Weathersby: "Efficient algorithms for all-to-all
// communications in multiport message-passing systems", 1997): blocks travel in hops of 1, 2, 4 …
// ranks, so few steps are enough for every n. Without the rotations of the paper, since chunks are
// named. Sending and receiving are lanes of their own: all messages of a round may be on their way
// at once, and if there is room for two only, receiving makes more.
#include <algorithm>

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

// All-gather: in round k, with d = 2^k, a rank sends the blocks it has to the rank d below and gets
// as many new ones from the rank d above: its own and those of the next d-1 ranks become 2d blocks.
// The last round moves what is still missing.
//   bytes sent per rank (n-1)·S for blocks of S, steps ceil(log2 n).
Result<Schedule> bruckAllGather(std::string name, int rankCount) {
  const int n = rankCount;
  ScheduleBuilder bruck(std::move(name), Collective::kAllGather, n);
  bruck.chunks(1, n);
  for (int rank = 0; rank < n; ++rank) {
    std::vector<StepRef> cameBy(n);  // by distance of the block's owner from this rank
    for (int d = 1; d < n; d *= 2) {
      LaneBuilder down = bruck.lane(rank, 0, (rank + n - d) % n);
      LaneBuilder fromAbove = bruck.lane(rank, 0, -1, (rank + d) % n);
      for (int block = 0; block < std::min(d, n - d); ++block) {
        if (block == 0)
          down.send(input(0));
        else
          down.send(output((rank + block) % n), {cameBy[block]});
        cameBy[d + block] = fromAbove.recv(output((rank + d + block) % n));
      }
    }
    bruck.lane(rank, 0).copy(input(0), output(rank));
  }
  return std::move(bruck).build();
}

// All-to-all: a block for the rank `way` further travels by the bits of `way`, the lowest first. In
// the round of bit d a rank sends on all the blocks that it has whose way has this bit, and gets as
// many from the rank d below. A block that is not yet there waits in the scratch chunk of its way,
// where the one of the same way was that has just left.
//   bytes sent per rank about n/2 · log2 n · S for blocks of S (the sum of all ways' bits), steps
//   ceil(log2 n).
Result<Schedule> bruckAllToAll(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder bruck("bruck", Collective::kAllToAll, n);
  // Scratch for the ways of two bits or more.
  std::vector<uint32_t> placeOf(n, 0);
  uint32_t places = 0;
  for (int way = 1; way < n; ++way) {
    if ((way & (way - 1)) != 0) placeOf[way] = places++;
  }
  bruck.chunks(n, n, places);
  for (int rank = 0; rank < n; ++rank) {
    std::vector<StepRef> cameBy(n);
    for (int d = 1; d < n; d *= 2) {
      LaneBuilder up = bruck.lane(rank, 0, (rank + d) % n);
      LaneBuilder fromBelow = bruck.lane(rank, 0, -1, (rank + n - d) % n);
      for (int way = d; way < n; ++way) {
        if ((way & d) == 0) continue;
        const ChunkRef waiting = scratch(placeOf[way]);
        LaneBuilder::After left;  // what waited there, if something did
        if (way % d == 0)         // its first hop
          up.send(input((rank + way) % n));
        else
          left = {up.send(waiting, {cameBy[way]})};
        if (way < 2 * d)  // its last hop
          fromBelow.recv(output((rank + n - way) % n));
        else
          cameBy[way] = fromBelow.recv(waiting, left);
      }
    }
    bruck.lane(rank, 0).copy(input(rank), output(rank));
  }
  return std::move(bruck).build();
}

}  // namespace inccl::algo
