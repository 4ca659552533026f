// Pairwise all-to-all: n-1 exchanges one after the other. In the k-th a rank sends to the rank k
// above and receives from the rank k below, so every link into and out of a rank carries one block
// at a time: the steadiest load, and buffers for one pair at a time are busy.
//   bytes sent per rank (n-1)·S for blocks of S, steps n-1.
#include "algo/generators.h"
#include "schedule/builder.h"

namespace inccl::algo {

using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;

Result<Schedule> pairwiseAllToAll(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder pairwise("pairwise", Collective::kAllToAll, n);
  pairwise.chunks(n, n);
  for (int rank = 0; rank < n; ++rank) {
    LaneBuilder::After last;
    for (int distance = 1; distance < n; ++distance) {
      const int to = (rank + distance) % n, from = (rank + n - distance) % n;
      LaneBuilder lane = pairwise.lane(rank, 0, to, from);
      lane.send(input(to), last);
      last = {lane.recv(output(from))};
    }
    pairwise.lane(rank, 0).copy(input(rank), output(rank));
  }
  return std::move(pairwise).build();
}

}  // namespace inccl::algo
