#include "schedule/step_graph.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

namespace inccl::schedule {
namespace {

// (source, destination, channel)
using FifoKey = std::tuple<int, int, uint32_t>;

struct FifoEnds {
  std::vector<StepId> senders;
  std::vector<StepId> receivers;
};

constexpr size_t kStepsShownOfACircle = 8;

}  // namespace

StepGraph::StepGraph(const Schedule& schedule) : schedule_(&schedule) {
  for (int rank = 0; rank < schedule.rankCount; ++rank) {
    firstLaneOfRank_.push_back(static_cast<uint32_t>(firstOfLane_.size()));
    const std::vector<Lane>& lanes = schedule.ranks[rank].lanes;
    for (uint32_t lane = 0; lane < lanes.size(); ++lane) {
      firstOfLane_.push_back(stepCount());
      for (uint32_t step = 0; step < lanes[lane].steps.size(); ++step)
        places_.push_back({rank, lane, step});
    }
  }
  links_.resize(places_.size());
}

Result<StepGraph> StepGraph::build(const Schedule& schedule) {
  StepGraph graph(schedule);
  INCCL_TRY(graph.matchMessages());
  return graph;
}

Status StepGraph::matchMessages() {
  std::map<FifoKey, FifoEnds> fifos;
  for (StepId id = 0; id < stepCount(); ++id) {
    const int rank = place(id).rank;
    const Lane& at = lane(id);
    if (sends(step(id).kind)) fifos[{rank, at.sendPeer, at.channel}].senders.push_back(id);
    if (receives(step(id).kind)) fifos[{at.recvPeer, rank, at.channel}].receivers.push_back(id);
  }
  for (auto& [key, ends] : fifos) INCCL_TRY(matchFifo(ends.senders, std::move(ends.receivers)));
  return {};
}

Status StepGraph::matchFifo(const std::vector<StepId>& senders, std::vector<StepId> receivers) {
  if (senders.size() > receivers.size()) {
    const StepId lonely = senders[receivers.size()];
    return invalidArgument(fmt::format("{}: rank {} has no receive for this message on channel {}",
                                       describe(*schedule_, place(lonely)), lane(lonely).sendPeer,
                                       lane(lonely).channel));
  }
  if (receivers.size() > senders.size()) {
    const StepId lonely = receivers[senders.size()];
    return invalidArgument(fmt::format("{}: rank {} sends no such message on channel {}",
                                       describe(*schedule_, place(lonely)), lane(lonely).recvPeer,
                                       lane(lonely).channel));
  }
  const uint32_t fifo = static_cast<uint32_t>(fifos_.size());
  for (uint32_t i = 0; i < senders.size(); ++i) {
    links_[receivers[i]].sender = senders[i];
    links_[senders[i]].sendFifo = fifo;
    links_[senders[i]].sendIndex = i;
  }
  fifos_.push_back({std::move(receivers)});
  return {};
}

StepId StepGraph::makesRoomFor(StepId id, uint32_t slotsPerChannel) const {
  const Link& link = links_[id];
  if (link.sendFifo == UINT32_MAX || link.sendIndex < slotsPerChannel) return kNoStep;
  return fifos_[link.sendFifo].receivers[link.sendIndex - slotsPerChannel];
}

Result<std::vector<StepId>> StepGraph::order(uint32_t slotsPerChannel) const {
  // Successors in one array: those of `id` are followers[first[id] … first[id + 1]).
  std::vector<uint32_t> waitsLeft(stepCount(), 0);
  std::vector<uint32_t> first(size_t{stepCount()} + 1, 0);
  for (StepId id = 0; id < stepCount(); ++id) {
    forEachWait(id, slotsPerChannel, [&](StepId before) {
      ++waitsLeft[id];
      ++first[before + 1];
    });
  }
  for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  std::vector<StepId> followers(first.back());
  std::vector<uint32_t> filled(first.begin(), first.end() - 1);
  for (StepId id = 0; id < stepCount(); ++id)
    forEachWait(id, slotsPerChannel, [&](StepId before) { followers[filled[before]++] = id; });

  std::vector<StepId> order;
  order.reserve(stepCount());
  for (StepId id = 0; id < stepCount(); ++id) {
    if (waitsLeft[id] == 0) order.push_back(id);
  }
  for (size_t next = 0; next < order.size(); ++next) {
    const StepId id = order[next];
    for (uint32_t i = first[id]; i < first[id + 1]; ++i) {
      if (--waitsLeft[followers[i]] == 0) order.push_back(followers[i]);
    }
  }
  if (order.size() == stepCount()) return order;
  std::vector<bool> finished(stepCount(), false);
  for (const StepId id : order) finished[id] = true;
  return invalidArgument(describeCircle(finished, slotsPerChannel));
}

std::string StepGraph::describeCircle(const std::vector<bool>& finished,
                                      uint32_t slotsPerChannel) const {
  StepId at = 0;
  while (finished[at]) ++at;
  // Every unfinished step waits for another one; walking along the waits ends in a circle.
  const auto nextWait = [&](StepId id) {
    StepId wait = kNoStep;
    forEachWait(id, slotsPerChannel, [&](StepId before) {
      if (!finished[before] && wait == kNoStep) wait = before;
    });
    return wait;
  };
  std::vector<bool> seen(stepCount(), false);
  for (; !seen[at]; at = nextWait(at)) seen[at] = true;
  std::string text = fmt::format("deadlock with {} slots per channel: {}", slotsPerChannel,
                                 describe(*schedule_, place(at)));
  size_t shown = 1;
  for (StepId id = nextWait(at);; id = nextWait(id)) {
    text += " waits for " + describe(*schedule_, place(id));
    if (id == at) return text;
    if (++shown > kStepsShownOfACircle) return text + " and so on in a circle";
  }
}

}  // namespace inccl::schedule
