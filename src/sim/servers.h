// Links and groups as servers: one message after the other, each for its bytes at the rate.
//
// A message comes to a link with its head at one time and its tail at a later one, when what is
// before is slower. The link is busy for the bytes at its own rate only, not until the tail has
// come: in the gaps of a slow message a real link carries packets of others. So the tail leaves
// when it has come and the link has done its work, and the message keeps the length in time that it
// had, or takes the link's. Four senders of a quarter of its rate thus fill a link exactly and none
// delays another, while messages that come at its full rate queue. The price is that a link may
// promise a little too much while slow messages are on their way: at most one for each sender.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/simulator.h"
#include "topo/topology.h"

namespace inccl::sim {

// When the first and the last byte of a message are somewhere.
struct Passage {
  Picoseconds head = 0;
  Picoseconds tail = 0;
};

class Server {
 public:
  Server() = default;
  explicit Server(const topo::Rate& rate) : rate_(rate) {}

  [[nodiscard]] Picoseconds freeFrom() const { return free_; }
  // Returns what it takes; then freeFrom() is the time when it is done.
  Picoseconds serve(uint64_t bytes, Picoseconds head) {
    if (bytes != lastBytes_) {  // the division is the dearest part of a hop
      lastBytes_ = bytes;
      lastTime_ = rate_.timeOf(bytes);
    }
    free_ = addTimes(std::max(free_, head), lastTime_);
    load_.bytes += bytes;
    load_.busy = addTimes(load_.busy, lastTime_);
    return lastTime_;
  }
  [[nodiscard]] const Load& load() const { return load_; }

 private:
  topo::Rate rate_;
  Picoseconds free_ = 0;
  uint64_t lastBytes_ = 0;
  Picoseconds lastTime_ = 0;
  Load load_;
};

class Servers {
 public:
  explicit Servers(const topo::Topology& topology) : topology_(topology) {
    for (const topo::Link& link : topology.links) links_.emplace_back(link.rate);
    for (const topo::Group& group : topology.groups) groups_.emplace_back(group.rate);
  }

  // Sends a message over `link`; when it comes out, before the link's latency.
  Passage serve(topo::LinkIndex link, uint64_t bytes, const Passage& in) {
    Passage out{0, in.tail};
    Picoseconds length = in.tail - in.head;
    const auto pass = [&](Server& server) {
      length = std::max(length, server.serve(bytes, in.head));
      out.tail = std::max(out.tail, server.freeFrom());
    };
    pass(links_[link]);
    if (const topo::GroupIndex group = topology_.links[link].group; group != topo::kNone)
      pass(groups_[group]);
    out.head = out.tail - length;  // at least in.head, as each length fits behind it
    return out;
  }

  [[nodiscard]] const std::vector<Server>& links() const { return links_; }
  [[nodiscard]] const std::vector<Server>& groups() const { return groups_; }

 private:
  const topo::Topology& topology_;
  std::vector<Server> links_;
  std::vector<Server> groups_;
};

}  // namespace inccl::sim
