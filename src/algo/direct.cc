// Direct: every rank sends to every other at once. One message of waiting, most bytes: for short
// messages on few ranks, or where links do not share anything.
//
// A lane for each peer, so that no peer waits for another.
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

// All-reduce: each rank receives every contribution and adds them in the order of ranks, so that
// all compute the same tree. (Adding them as they arrive would be as fast, and would differ in bits
// from rank to rank.) The sum waits for the sends too: in place it overwrites what they read.
//   bytes sent per rank (n-1)·S, steps 1.
Result<Schedule> directAllReduce(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kAllReduce, n);
  direct.chunks(1, 1, n - 1);
  for (int rank = 0; rank < n; ++rank) {
    std::vector<ChunkRef> inRankOrder(n);
    inRankOrder[rank] = input(0);
    LaneBuilder::After arrivals;
    for (int distance = 1; distance < n; ++distance) {
      const int peer = (rank + distance) % n;
      inRankOrder[peer] = scratch(distance - 1);
      LaneBuilder lane = direct.lane(rank, 0, peer, peer);
      lane.send(input(0));
      arrivals.push_back(lane.recv(scratch(distance - 1)));
    }
    direct.lane(rank, 0).reduceMany(std::move(inRankOrder), output(0), std::move(arrivals));
  }
  return std::move(direct).build();
}

Result<Schedule> directAllGather(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kAllGather, n);
  direct.chunks(1, n);
  for (int rank = 0; rank < n; ++rank) {
    for (int distance = 1; distance < n; ++distance) {
      const int peer = (rank + distance) % n;
      LaneBuilder lane = direct.lane(rank, 0, peer, peer);
      lane.send(input(0));
      lane.recv(output(peer));
    }
    direct.lane(rank, 0).copy(input(0), output(rank));
  }
  return std::move(direct).build();
}

// Broadcast: flat, from the root to everyone.
Result<Schedule> directBroadcast(int rankCount, int root) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kBroadcast, n);
  direct.root(root).chunks(1, 1);
  for (int distance = 1; distance < n; ++distance) {
    const int peer = (root + distance) % n;
    direct.lane(root, 0, peer).send(input(0));
    direct.lane(peer, 0, -1, root).recv(output(0));
  }
  direct.lane(root, 0).copy(input(0), output(0));
  return std::move(direct).build();
}

// Reduce: everyone to the root, which adds in the order of ranks.
//   bytes into the root (n-1)·S, steps 1.
Result<Schedule> directReduce(int rankCount, int root) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kReduce, n);
  direct.root(root).chunks(1, 1, n - 1);
  std::vector<ChunkRef> inRankOrder(n);
  inRankOrder[root] = input(0);
  LaneBuilder::After arrivals;
  for (int distance = 1; distance < n; ++distance) {
    const int peer = (root + distance) % n;
    direct.lane(peer, 0, root).send(input(0));
    inRankOrder[peer] = scratch(distance - 1);
    arrivals.push_back(direct.lane(root, 0, -1, peer).recv(scratch(distance - 1)));
  }
  direct.lane(root, 0).reduceMany(std::move(inRankOrder), output(0), std::move(arrivals));
  return std::move(direct).build();
}

// Reduce-scatter: to everyone its block, everyone adds in the order of ranks.
//   bytes sent per rank (n-1)·S of blocks of S, steps 1.
Result<Schedule> directReduceScatter(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kReduceScatter, n);
  direct.chunks(n, 1, n - 1);
  for (int rank = 0; rank < n; ++rank) {
    std::vector<ChunkRef> inRankOrder(n);
    inRankOrder[rank] = input(rank);
    LaneBuilder::After arrivals;
    for (int distance = 1; distance < n; ++distance) {
      const int to = (rank + distance) % n, from = (rank + n - distance) % n;
      inRankOrder[from] = scratch(distance - 1);
      direct.lane(rank, 0, to).send(input(to));
      arrivals.push_back(direct.lane(rank, 0, -1, from).recv(scratch(distance - 1)));
    }
    direct.lane(rank, 0).reduceMany(std::move(inRankOrder), output(0), std::move(arrivals));
  }
  return std::move(direct).build();
}

// All-to-all: everyone sends everyone its block. A pair's two blocks go at the same time, and no
// rank waits for one before it sends to the next.
//   bytes sent per rank (n-1)·S of blocks of S, steps 1.
Result<Schedule> directAllToAll(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kAllToAll, n);
  direct.chunks(n, n);
  for (int rank = 0; rank < n; ++rank) {
    for (int distance = 1; distance < n; ++distance) {
      const int to = (rank + distance) % n, from = (rank + n - distance) % n;
      direct.lane(rank, 0, to).send(input(to));
      direct.lane(rank, 0, -1, from).recv(output(from));
    }
    direct.lane(rank, 0).copy(input(rank), output(rank));
  }
  return std::move(direct).build();
}

Result<Schedule> directGather(int rankCount, int root) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kGather, n);
  direct.root(root).chunks(1, n);
  for (int distance = 1; distance < n; ++distance) {
    const int peer = (root + distance) % n;
    direct.lane(peer, 0, root).send(input(0));
    direct.lane(root, 0, -1, peer).recv(output(peer));
  }
  direct.lane(root, 0).copy(input(0), output(root));
  return std::move(direct).build();
}

Result<Schedule> directScatter(int rankCount, int root) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kScatter, n);
  direct.root(root).chunks(n, 1);
  for (int distance = 1; distance < n; ++distance) {
    const int peer = (root + distance) % n;
    direct.lane(root, 0, peer).send(input(peer));
    direct.lane(peer, 0, -1, root).recv(output(0));
  }
  direct.lane(root, 0).copy(input(root), output(0));
  return std::move(direct).build();
}

// Barrier: everyone tells everyone.
Result<Schedule> directBarrier(int rankCount) {
  const int n = rankCount;
  ScheduleBuilder direct("direct", Collective::kBarrier, n);
  direct.chunks(1, 0, n - 1);
  for (int rank = 0; rank < n; ++rank) {
    for (int distance = 1; distance < n; ++distance) {
      const int peer = (rank + distance) % n;
      LaneBuilder lane = direct.lane(rank, 0, peer, peer);
      lane.send(input(0));
      lane.recv(scratch(distance - 1));
    }
  }
  return std::move(direct).build();
}

}  // namespace inccl::algo
