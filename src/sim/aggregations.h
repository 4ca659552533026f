// In-network steps, matched over ranks.
//
// The k-th aggregate step of a (switch, group) at one member belongs to the k-th at each other one.
// What members contribute goes up to the switch; when all heads are there, the sum comes out at the
// pace of the slowest contribution and runs down the tree of links to the receivers, over each link
// once. Who receives nothing is told that the slot is done, with the latency of the way and no
// bytes, as the protocol has it (a slot is used again only when all know).
#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"
#include "sim/timed_program.h"

namespace inccl::sim {

// Adds the chain of hops over `path`, delivered at its end; its first hop, kNothing for no path.
uint32_t addChain(TimedProgram& program, std::span<const topo::LinkIndex> path, Delivery delivery,
                  uint32_t target);

// Completes a program whose lanes and steps are there. `nodes`: by rank. Fails when a switch does
// not exist, cannot do what it should or cannot be reached, and when members disagree.
Status addAggregations(const schedule::Schedule& schedule,
                       const std::vector<topo::NodeIndex>& nodes, TimedProgram& program);

}  // namespace inccl::sim
