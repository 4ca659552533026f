#include "support/msccl_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace inccl::test {
namespace {

// "i3"
struct At {
  char buffer = 'i';
  int index = -1;
};

struct XmlStep {
  std::string type;
  At source, destination;
  int count = 0;
  int depid = -1, deps = -1;
};

struct XmlBlock {
  int send = -1, recv = -1, chan = 0;
  std::vector<XmlStep> steps;

  // Returns the step's number.
  int add(std::string type, At source, At destination, int count = 1, int depid = -1,
          int deps = -1) {
    steps.push_back({std::move(type), source, destination, count, depid, deps});
    return static_cast<int>(steps.size()) - 1;
  }
};

struct XmlGpu {
  std::vector<XmlBlock> blocks;
  // The block with these peers and channel, made when it is asked for first.
  int block(int send, int recv, int chan = 0) {
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].send == send && blocks[i].recv == recv && blocks[i].chan == chan)
        return static_cast<int>(i);
    }
    blocks.push_back({send, recv, chan, {}});
    return static_cast<int>(blocks.size()) - 1;
  }
};

struct Header {
  std::string name, coll;
  int chunksPerLoop = 0;
  bool inPlace = false;
  int input = 0, output = 0, scratch = 0;
};

std::string xmlOf(const Header& header, const std::vector<XmlGpu>& gpus) {
  std::string text = fmt::format(
      "<algo name=\"{}\" proto=\"Simple\" nchannels=\"4\" nchunksperloop=\"{}\" ngpus=\"{}\" "
      "coll=\"{}\" inplace=\"{:d}\">\n",
      header.name, header.chunksPerLoop, gpus.size(), header.coll, header.inPlace);
  for (size_t rank = 0; rank < gpus.size(); ++rank) {
    text += fmt::format("  <gpu id=\"{}\" i_chunks=\"{}\" o_chunks=\"{}\" s_chunks=\"{}\">\n", rank,
                        header.input, header.output, header.scratch);
    const auto& blocks = gpus[rank].blocks;
    std::map<std::pair<int, int>, bool> awaited;
    for (const XmlBlock& block : blocks) {
      for (const XmlStep& step : block.steps) awaited[{step.depid, step.deps}] = true;
    }
    for (size_t id = 0; id < blocks.size(); ++id) {
      text += fmt::format("    <tb id=\"{}\" send=\"{}\" recv=\"{}\" chan=\"{}\">\n", id,
                          blocks[id].send, blocks[id].recv, blocks[id].chan);
      for (size_t s = 0; s < blocks[id].steps.size(); ++s) {
        const XmlStep& step = blocks[id].steps[s];
        text += fmt::format(
            "      <step s=\"{}\" type=\"{}\" srcbuf=\"{}\" srcoff=\"{}\" dstbuf=\"{}\" "
            "dstoff=\"{}\" cnt=\"{}\" depid=\"{}\" deps=\"{}\" hasdep=\"{:d}\"/>\n",
            s, step.type, step.source.buffer, step.source.index, step.destination.buffer,
            step.destination.index, step.count, step.depid, step.deps,
            awaited.contains({static_cast<int>(id), static_cast<int>(s)}));
      }
      text += "    </tb>\n";
    }
    text += "  </gpu>\n";
  }
  return text + "</algo>\n";
}

At in(int index) { return {'i', index}; }
At out(int index) { return {'o', index}; }
At scratch(int index) { return {'s', index}; }

}  // namespace

MscclSample mscclRingAllReduce(int ranks, int channels) {
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) {
    for (int channel = 0; channel < channels && ranks > 1; ++channel) {
      XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
      const int id = gpu.block((rank + 1) % ranks, (rank + ranks - 1) % ranks, channel);
      XmlBlock& block = gpu.blocks[static_cast<size_t>(id)];
      const auto at = [&](int back) {
        return in(((rank - back) % ranks + ranks) % ranks * channels + channel);
      };
      block.add("s", at(0), at(0));
      for (int back = 1; back < ranks - 1; ++back) block.add("rrs", at(back), at(back));
      block.add("rrcs", at(ranks - 1), at(ranks - 1));
      for (int back = 0; back < ranks - 2; ++back) block.add("rcs", at(back), at(back));
      block.add("r", at(ranks - 2), at(ranks - 2));
    }
  }
  const int chunks = ranks * channels;
  const Header header{
      fmt::format("ring_{}", channels), "allreduce", chunks, true, chunks, chunks, 0};
  return {header.name, Collective::kAllReduce, ranks, -1, xmlOf(header, gpus)};
}

MscclSample mscclAllPairsAllReduce(int ranks) {
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) {
    XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
    const int sum = gpu.block(-1, -1);
    std::vector<int> peers;
    for (int peer = 0; peer < ranks; ++peer) {
      if (peer != rank) peers.push_back(peer);
    }
    int slot = 0;
    for (const int peer : peers) {
      XmlBlock& block = gpu.blocks[static_cast<size_t>(gpu.block(peer, peer))];
      block.add("s", in(peer), in(peer));
      block.add("r", in(rank), scratch(slot++));
    }
    // All that is waited for before the first sum, as one nop each.
    XmlBlock& summing = gpu.blocks[static_cast<size_t>(sum)];
    for (const int peer : peers) {
      const int from = gpu.block(peer, peer);
      if (peer != peers.back()) summing.add("nop", {}, {}, 0, from, 1);
    }
    int last = -1;
    for (int i = 0; i < static_cast<int>(peers.size()); ++i)
      last = summing.add("re", scratch(i), in(rank), 1,
                         i == 0 ? gpu.block(peers.back(), peers.back()) : -1, i == 0 ? 1 : -1);
    for (const int peer : peers) {
      XmlBlock& block = gpu.blocks[static_cast<size_t>(gpu.block(peer, peer))];
      block.add("s", in(rank), in(rank), 1, sum, last);
      block.add("r", in(peer), in(peer));
    }
  }
  const Header header{"allpairs", "allreduce", ranks, true, ranks, 0, ranks - 1};
  return {header.name, Collective::kAllReduce, ranks, -1, xmlOf(header, gpus)};
}

// Two chunks per rank. Rank (h, g) sends its block to (h', g), then what it has from all hosts to
// its neighbours in the host, in steps of two chunks.
MscclSample mscclHierarchicalAllGather(int hosts, int perHost) {
  const int ranks = hosts * perHost;
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) {
    XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
    const int host = rank / perHost, place = rank % perHost;
    const int own = gpu.block(-1, -1);
    const int copied = gpu.blocks[static_cast<size_t>(own)].add("cpy", in(0), out(2 * rank), 2);
    std::map<int, std::pair<int, int>> arrived;  // by rank whose block it is: (tb, step)
    arrived[rank] = {own, copied};
    for (int other = 0; other < hosts; ++other) {
      if (other == host) continue;
      const int peer = other * perHost + place;
      const int id = gpu.block(peer, peer);
      gpu.blocks[static_cast<size_t>(id)].add("s", in(0), out(2 * rank), 2);
      arrived[peer] = {id, gpu.blocks[static_cast<size_t>(id)].add("r", in(0), out(2 * peer), 2)};
    }
    for (int neighbour = 0; neighbour < perHost; ++neighbour) {
      if (neighbour == place) continue;
      const int peer = host * perHost + neighbour;
      XmlBlock& block = gpu.blocks[static_cast<size_t>(gpu.block(peer, peer, 1))];
      for (int from = 0; from < hosts; ++from) {
        const int mine = from * perHost + place, theirs = from * perHost + neighbour;
        block.add("s", out(2 * mine), out(2 * mine), 2, arrived[mine].first, arrived[mine].second);
        block.add("r", out(2 * theirs), out(2 * theirs), 2);
      }
    }
  }
  const Header header{"hierarchical", "allgather", 2 * ranks, false, 2, 2 * ranks, 0};
  return {header.name, Collective::kAllGather, ranks, -1, xmlOf(header, gpus)};
}

// Rank (h, g) first gives (h, g') what is for g' on every host h'; that one has then, for each
// other host, one chunk of each neighbour side by side and sends them in one step.
MscclSample mscclTwoStepAllToAll(int hosts, int perHost) {
  const int ranks = hosts * perHost;
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) {
    XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
    const int host = rank / perHost, place = rank % perHost;
    const int own = gpu.block(-1, -1);
    // (tb, step) after which scratch of a host is complete, by the neighbour that brings it.
    std::map<int, std::vector<std::pair<int, int>>> complete;
    for (int other = 0; other < hosts; ++other) {
      XmlBlock& copies = gpu.blocks[static_cast<size_t>(own)];
      const At to = other == host ? out(rank) : scratch(other * perHost + place);
      complete[other].emplace_back(own, copies.add("cpy", in(other * perHost + place), to));
    }
    for (int neighbour = 0; neighbour < perHost; ++neighbour) {
      if (neighbour == place) continue;
      const int peer = host * perHost + neighbour, id = gpu.block(peer, peer);
      XmlBlock& block = gpu.blocks[static_cast<size_t>(id)];
      for (int other = 0; other < hosts; ++other) {
        block.add("s", in(other * perHost + neighbour), {});
        const At to = other == host ? out(peer) : scratch(other * perHost + neighbour);
        complete[other].emplace_back(id, block.add("r", {}, to));
      }
    }
    for (int other = 0; other < hosts; ++other) {
      if (other == host) continue;
      const int peer = other * perHost + place;
      XmlBlock& block = gpu.blocks[static_cast<size_t>(gpu.block(peer, peer, 1))];
      for (size_t i = 0; i + 1 < complete[other].size(); ++i)
        block.add("nop", {}, {}, 0, complete[other][i].first, complete[other][i].second);
      const auto [tb, step] = complete[other].back();
      block.add("s", scratch(other * perHost), {}, perHost, tb, step);
      block.add("r", {}, out(other * perHost), perHost);
    }
  }
  const Header header{"two_step", "alltoall", ranks, false, ranks, ranks, ranks};
  return {header.name, Collective::kAllToAll, ranks, -1, xmlOf(header, gpus)};
}

MscclSample mscclRingReduceScatter(int ranks) {
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks && ranks > 1; ++rank) {
    XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
    const int id = gpu.block((rank + 1) % ranks, (rank + ranks - 1) % ranks);
    XmlBlock& block = gpu.blocks[static_cast<size_t>(id)];
    const auto at = [&](int back) { return in(((rank - back) % ranks + ranks) % ranks); };
    block.add("s", at(1), at(1));
    for (int back = 2; back <= ranks; ++back) {
      block.add("rrc", at(back), at(back));
      if (back < ranks) block.add("s", at(back), at(back));
    }
  }
  const Header header{"ring", "reduce_scatter", ranks, true, ranks, 1, 0};
  return {header.name, Collective::kReduceScatter, ranks, -1, xmlOf(header, gpus)};
}

MscclSample mscclChainBroadcast(int ranks, int root) {
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int hop = 0; hop < ranks && ranks > 1; ++hop) {
    const int rank = (root + hop) % ranks;
    const int next = hop + 1 < ranks ? (rank + 1) % ranks : -1;
    const int previous = hop > 0 ? (rank + ranks - 1) % ranks : -1;
    XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
    XmlBlock& block = gpu.blocks[static_cast<size_t>(gpu.block(next, previous))];
    for (int chunk = 0; chunk < 3; ++chunk) {
      if (hop == 0) block.add("s", in(chunk), in(chunk));
      if (hop > 0) block.add(next == -1 ? "r" : "rcs", in(chunk), in(chunk));
    }
  }
  const Header header{"chain", "broadcast", 3, true, 3, 0, 0};
  return {header.name, Collective::kBroadcast, ranks, root, xmlOf(header, gpus)};
}

MscclSample mscclChainReduce(int ranks, int root) {
  std::vector<XmlGpu> gpus(static_cast<size_t>(ranks));
  for (int hop = 0; hop < ranks && ranks > 1; ++hop) {  // hops to the root
    const int rank = (root + ranks - hop) % ranks;
    const int next = hop > 0 ? (rank + 1) % ranks : -1;
    const int previous = hop + 1 < ranks ? (rank + ranks - 1) % ranks : -1;
    XmlGpu& gpu = gpus[static_cast<size_t>(rank)];
    XmlBlock& block = gpu.blocks[static_cast<size_t>(gpu.block(next, previous))];
    for (int chunk = 0; chunk < 2; ++chunk) {
      const char* const inside = hop == 0 ? "rrc" : "rrs";
      block.add(previous == -1 ? "s" : inside, in(chunk), hop == 0 ? out(chunk) : At{});
    }
  }
  if (ranks == 1) {
    XmlBlock& block = gpus[0].blocks[static_cast<size_t>(gpus[0].block(-1, -1))];
    block.add("cpy", in(0), out(0), 2);
  }
  const Header header{"chain", "reduce", 2, false, 2, 2, 0};
  return {header.name, Collective::kReduce, ranks, root, xmlOf(header, gpus)};
}

std::vector<MscclSample> mscclSamples(int ranks) {
  std::vector<MscclSample> samples{
      mscclRingAllReduce(ranks, 1),          mscclRingAllReduce(ranks, 3),
      mscclAllPairsAllReduce(ranks),         mscclRingReduceScatter(ranks),
      mscclChainBroadcast(ranks, ranks / 2), mscclChainReduce(ranks, ranks - 1)};
  for (int hosts = 2; hosts <= ranks / 2; ++hosts) {
    if (ranks % hosts != 0) continue;
    samples.push_back(mscclHierarchicalAllGather(hosts, ranks / hosts));
    samples.push_back(mscclTwoStepAllToAll(hosts, ranks / hosts));
  }
  return samples;
}

}  // namespace inccl::test
