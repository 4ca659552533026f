#include "sim/aggregations.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "topo/routes.h"

namespace inccl::sim {
namespace {

using schedule::Aggregate;
using schedule::AggregateMode;
using schedule::Schedule;
using schedule::StepKind;
using topo::LinkIndex;
using topo::NodeIndex;

struct Member {
  uint32_t lane = 0;  // over all ranks
  uint32_t step = 0;  // likewise
  int rank = 0;
};

// One use of a switch: the members' steps that belong together.
struct Use {
  const Aggregate* terms = nullptr;
  std::vector<Member> members;
};

// (switch, group, how many uses of it came before)
using UseKey = std::tuple<std::string, uint32_t, uint32_t>;

class AggregationCompiler {
 public:
  AggregationCompiler(const Schedule& schedule, const std::vector<NodeIndex>& nodes,
                      TimedProgram& program)
      : schedule_(schedule),
        nodes_(nodes),
        program_(program),
        routes_(*program.topology, program.options.routes) {}

  Status run() {
    INCCL_TRY(collect());
    for (const auto& [key, use] : uses_) INCCL_TRY(compile(use));
    return {};
  }

 private:
  Status collect() {
    uint32_t lane = 0, step = 0;
    for (int rank = 0; rank < schedule_.rankCount; ++rank) {
      std::map<std::pair<std::string, uint32_t>, std::pair<uint32_t, uint32_t>> seen;  // lane, uses
      for (const schedule::Lane& its : schedule_.ranks[rank].lanes) {
        for (const schedule::Step& at : its.steps) {
          if (at.aggregate) {
            auto& [firstLane, uses] =
                seen.try_emplace({at.aggregate->switchId, at.aggregate->group}, lane, 0u)
                    .first->second;
            if (firstLane != lane)
              return invalidArgument(
                  fmt::format("rank {} uses group {} of switch {} from two lanes", rank,
                              at.aggregate->group, at.aggregate->switchId));
            INCCL_TRY(join({at.aggregate->switchId, at.aggregate->group, uses++}, *at.aggregate,
                           {lane, step, rank}));
          }
          ++step;
        }
        ++lane;
      }
    }
    return {};
  }

  Status join(UseKey key, const Aggregate& terms, Member member) {
    Use& use = uses_[std::move(key)];
    if (use.terms == nullptr) use.terms = &terms;
    if (*use.terms != terms)
      return invalidArgument(fmt::format("ranks {} and {} do not agree on a use of switch {}",
                                         use.members.front().rank, member.rank, terms.switchId));
    use.members.push_back(member);
    return {};
  }

  Status check(const Use& use, NodeIndex node) const {
    const Aggregate& terms = *use.terms;
    if (node == topo::kNone)
      return invalidArgument(fmt::format("topology {}: there is no switch \"{}\"",
                                         program_.topology->name, terms.switchId));
    const topo::Node& it = program_.topology->nodes[node];
    const bool mustReduce =
        terms.mode != AggregateMode::kMulticast && terms.contributors.size() > 1;
    const bool mustReplicate = terms.mode != AggregateMode::kReduce && terms.receivers.size() > 1;
    if ((mustReduce && !it.reduce) || (mustReplicate && !it.multicast))
      return invalidArgument(fmt::format("topology {}: {} does not {}", program_.topology->name,
                                         describeNode(*program_.topology, node),
                                         mustReduce && !it.reduce ? "sum" : "replicate"));
    std::set<int> expected(terms.contributors.begin(), terms.contributors.end());
    expected.insert(terms.receivers.begin(), terms.receivers.end());
    if (expected.size() != use.members.size())
      return invalidArgument(fmt::format("a use of switch {} has {} members and steps of {} ranks",
                                         terms.switchId, expected.size(), use.members.size()));
    return {};
  }

  Status compile(const Use& use) {
    const topo::Topology& topology = *program_.topology;
    const Aggregate& terms = *use.terms;
    const NodeIndex node = topology.findNode(terms.switchId);
    INCCL_TRY(check(use, node));
    const auto index = static_cast<uint32_t>(program_.aggregations.size());
    Aggregation aggregation;
    aggregation.members = static_cast<uint32_t>(use.members.size());
    aggregation.contributors = static_cast<uint32_t>(terms.contributors.size());
    aggregation.lengthClass = program_.steps[use.members.front().step].lengthClass;
    const topo::RouteTree down = routes_.from(node);
    std::map<NodeIndex, uint32_t> receivers;  // node to lane
    for (const Member& member : use.members) {
      const NodeIndex place = nodes_[member.rank];
      const topo::RouteTree up = routes_.from(place);
      if (!up.reaches(node) || !down.reaches(place))
        return invalidArgument(fmt::format("topology {}: there is no way between rank {} and {}",
                                           topology.name, member.rank,
                                           describeNode(topology, node)));
      program_.steps[member.step].aggregation = index;
      if (isIn(terms.contributors, member.rank))
        program_.steps[member.step].firstUpHop =
            addChain(program_, up.to(node), Delivery::kToAggregator, index);
      if (isIn(terms.receivers, member.rank))
        receivers.emplace(place, member.lane);
      else
        aggregation.words.push_back({member.lane, latency(down.to(place))});
    }
    addTree(down, receivers, aggregation);
    program_.aggregations.push_back(std::move(aggregation));
    return {};
  }

  static bool isIn(const std::vector<int>& ranks, int rank) {
    return std::binary_search(ranks.begin(), ranks.end(), rank);
  }

  [[nodiscard]] Picoseconds latency(const std::vector<LinkIndex>& path) const {
    Picoseconds sum = 0;
    for (const LinkIndex link : path) sum = addTimes(sum, program_.topology->links[link].alpha);
    return sum;
  }

  // The union of the ways to all receivers.
  void addTree(const topo::RouteTree& down, const std::map<NodeIndex, uint32_t>& receivers,
               Aggregation& aggregation) {
    std::map<LinkIndex, uint32_t> hopOf;
    std::map<uint32_t, std::vector<uint32_t>> next;  // hop to hops; kNothing: from the switch
    for (const auto& [node, lane] : receivers) {
      uint32_t before = kNothing;
      for (const LinkIndex link : down.to(node)) {
        const auto [known, isNew] =
            hopOf.emplace(link, static_cast<uint32_t>(program_.hops.size()));
        if (isNew) {
          program_.hops.push_back({link, 0, 0, Delivery::kNowhere, kNothing});
          next[before].push_back(known->second);
        }
        before = known->second;
      }
      program_.hops[before].delivery = Delivery::kToReceiver;
      program_.hops[before].target = lane;
    }
    for (const auto& [hop, hops] : next) {
      const auto first = static_cast<uint32_t>(program_.nextHops.size());
      const auto count = static_cast<uint32_t>(hops.size());
      program_.nextHops.insert(program_.nextHops.end(), hops.begin(), hops.end());
      (hop == kNothing ? aggregation.firstRoot : program_.hops[hop].firstNext) = first;
      (hop == kNothing ? aggregation.rootCount : program_.hops[hop].nextCount) = count;
    }
  }

  const Schedule& schedule_;
  const std::vector<NodeIndex>& nodes_;
  TimedProgram& program_;
  const topo::Routes routes_;
  std::map<UseKey, Use> uses_;
};

}  // namespace

uint32_t addChain(TimedProgram& program, std::span<const LinkIndex> path, Delivery delivery,
                  uint32_t target) {
  if (path.empty()) return kNothing;
  const auto first = static_cast<uint32_t>(program.hops.size());
  for (const LinkIndex link : path) {
    const auto next = static_cast<uint32_t>(program.nextHops.size());
    program.hops.push_back({link, next, 1, Delivery::kNowhere, kNothing});
    program.nextHops.push_back(static_cast<uint32_t>(program.hops.size()));
  }
  program.nextHops.pop_back();
  Hop& last = program.hops.back();
  last.nextCount = 0;
  last.delivery = delivery;
  last.target = target;
  return first;
}

Status addAggregations(const Schedule& schedule, const std::vector<NodeIndex>& nodes,
                       TimedProgram& program) {
  return AggregationCompiler(schedule, nodes, program).run();
}

}  // namespace inccl::sim
