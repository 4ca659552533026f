// Two-level all-reduce for several hosts: sum inside the hosts, then between them, then spread
// inside again. Only 2(h-1)/h vectors per host cross the network, however many ranks a host has.
//
// The vector is cut into shards, each into a part per host. On every host one rank owns a shard:
// the host's ranks send it their contributions, the owners of a shard form a ring over the hosts
// (the ring all-reduce, on the shard's parts), and each sends the result to the ranks of its host.
// There are as many shards as the smallest host has ranks, so that every host has an owner for each
// and all its ranks share the work of the network; ranks beyond that own none.
//   h hosts of m ranks: bytes between hosts per rank 2(h-1)/(h·m) · S, inside 2(m-1)/m · S;
//   steps 2(h-1) between hosts and 2 inside.
//
// A part is summed along one path (on each host the owner's, then its peers' in order; then host by
// host) and copied from there, so trees are equal everywhere. In place: an output part is received
// when the contribution that lies there has been sent.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "algo/generators.h"
#include "schedule/builder.h"

namespace inccl::algo {

using schedule::ChunkRef;
using schedule::input;
using schedule::LaneBuilder;
using schedule::output;
using schedule::Schedule;
using schedule::ScheduleBuilder;
using schedule::StepRef;

namespace {

// The steps of one rank.
class TwoLevelRank {
 public:
  TwoLevelRank(ScheduleBuilder& builder, const std::vector<std::vector<int>>& hosts, int shards,
               int host, int place)
      : builder_(builder),
        hosts_(hosts),
        hostCount_(static_cast<int>(hosts.size())),
        shards_(shards),
        host_(host),
        place_(place),
        rank_(hosts[host][place]),
        sent_(static_cast<size_t>(shards) * hosts.size()),
        summed_(hosts.size()) {}

  void add() {
    sendContributions();
    if (place_ < shards_) {
      addContributions();
      if (hostCount_ > 1) addRing();
      sendResults();
    }
    receiveResults();
  }

 private:
  [[nodiscard]] uint32_t chunk(int shard, int part) const {
    return static_cast<uint32_t>(shard * hostCount_ + part);
  }
  // Channel 0 serves all: on one host and between owners of one shard, each pair has one use for
  // it.
  LaneBuilder toPeer(int place) { return builder_.lane(rank_, 0, hosts_[host_][place]); }
  LaneBuilder fromPeer(int place) { return builder_.lane(rank_, 0, -1, hosts_[host_][place]); }
  [[nodiscard]] int peers() const { return static_cast<int>(hosts_[host_].size()); }
  // The part that comes at `step` (0, 1 …) started `step` hosts before this one.
  [[nodiscard]] int arriving(int step) const {
    return (host_ + 2 * hostCount_ - step) % hostCount_;
  }

  void sendContributions() {
    for (int shard = 0; shard < shards_; ++shard) {
      for (int part = 0; shard != place_ && part < hostCount_; ++part)
        sent_[chunk(shard, part)] = {toPeer(shard).send(input(chunk(shard, part)))};
    }
  }

  [[nodiscard]] ChunkRef ofHost(int part) const {
    const uint32_t it = chunk(place_, part);
    return summed_[part].empty() ? input(it) : output(it);
  }

  void addContributions() {
    for (int part = 0; part < hostCount_; ++part) {
      for (int peer = 0; peer < peers(); ++peer) {
        if (peer == place_) continue;
        summed_[part] = {fromPeer(peer).recvReduceCopy(ofHost(part), output(chunk(place_, part)),
                                                       summed_[part])};
      }
    }
  }

  void addRing() {
    const int next = hosts_[(host_ + 1) % hostCount_][place_];
    const int previous = hosts_[(host_ + hostCount_ - 1) % hostCount_][place_];
    LaneBuilder lane = builder_.lane(rank_, 0, next, previous);
    lane.send(ofHost(arriving(0)), summed_[arriving(0)]);
    for (int step = 1; step < hostCount_ - 1; ++step)
      lane.recvReduceSend(ofHost(arriving(step)), summed_[arriving(step)]);
    const int last = arriving(hostCount_ - 1);
    summed_[last] = {
        lane.recvReduceCopySend(ofHost(last), output(chunk(place_, last)), summed_[last])};
    for (int step = hostCount_; step < 2 * hostCount_ - 2; ++step) {
      const int part = arriving(step);
      summed_[part] = {lane.recvCopySend(output(chunk(place_, part)))};
    }
    const int rest = arriving(2 * hostCount_ - 2);
    summed_[rest] = {lane.recv(output(chunk(place_, rest)))};
  }

  // In the order in which the ring completes them, which sender and receiver share.
  void sendResults() {
    for (int step = hostCount_ - 1; step < 2 * hostCount_ - 1; ++step) {
      const int part = arriving(step);
      for (int peer = 0; peer < peers(); ++peer) {
        if (peer != place_) toPeer(peer).send(output(chunk(place_, part)), summed_[part]);
      }
    }
  }
  void receiveResults() {
    for (int shard = 0; shard < shards_; ++shard) {
      for (int step = hostCount_ - 1; shard != place_ && step < 2 * hostCount_ - 1; ++step) {
        const uint32_t it = chunk(shard, arriving(step));
        fromPeer(shard).recv(output(it), sent_[it]);
      }
    }
  }

  ScheduleBuilder& builder_;
  const std::vector<std::vector<int>>& hosts_;
  const int hostCount_, shards_;
  const int host_, place_, rank_;           // `place_`: in its host's list
  std::vector<LaneBuilder::After> sent_;    // by chunk
  std::vector<LaneBuilder::After> summed_;  // by part of the own shard; empty: own contribution
};

Status checkHosts(const std::vector<std::vector<int>>& hosts, int rankCount) {
  std::vector<bool> seen(rankCount, false);
  int known = 0;
  for (const std::vector<int>& host : hosts) {
    if (host.empty()) return invalidArgument("two_level: a host without ranks");
    for (const int rank : host) {
      if (rank < 0 || rank >= rankCount || seen[rank])
        return invalidArgument(
            fmt::format("two_level: rank {} is on two hosts or does not exist", rank));
      seen[rank] = true;
      ++known;
    }
  }
  if (known == rankCount) return {};
  return invalidArgument(fmt::format("two_level: hosts of {} ranks, not of {}", known, rankCount));
}

// When nothing is known: about as many hosts as ranks on each.
std::vector<std::vector<int>> squareHosts(int rankCount) {
  int hostCount = 1;
  while ((hostCount + 1) * (hostCount + 1) <= rankCount) ++hostCount;
  std::vector<std::vector<int>> hosts(hostCount);
  for (int rank = 0; rank < rankCount; ++rank)
    hosts[int64_t{rank} * hostCount / rankCount].push_back(rank);
  return hosts;
}

}  // namespace

Result<Schedule> twoLevelAllReduce(int rankCount, const std::vector<std::vector<int>>& given) {
  const std::vector<std::vector<int>> hosts = given.empty() ? squareHosts(rankCount) : given;
  INCCL_TRY(checkHosts(hosts, rankCount));
  size_t shards = hosts[0].size();
  for (const std::vector<int>& host : hosts) shards = std::min(shards, host.size());
  ScheduleBuilder builder("two_level", Collective::kAllReduce, rankCount);
  const auto chunks = static_cast<uint32_t>(shards * hosts.size());
  builder.chunks(chunks, chunks);
  for (size_t host = 0; host < hosts.size(); ++host) {
    for (size_t place = 0; place < hosts[host].size(); ++place)
      TwoLevelRank(builder, hosts, static_cast<int>(shards), static_cast<int>(host),
                   static_cast<int>(place))
          .add();
  }
  return std::move(builder).build();
}

}  // namespace inccl::algo
