// What each collective's buffers hold before and after.
#include "perf/checked_call.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "perf/mix.h"
#include "perf/test_values.h"

namespace inccl::perf {
namespace {

// The data of a block of so many elements; of collectives without blocks, of the whole.
DataKey keyOf(const Case& c, size_t block, size_t count, uint64_t seed) {
  return {block == 0 ? seed : mix(seed, block), c.type, count};
}

enum class Values { kExact, kRough };

DataTable sentBy(const Case& c, const RankPlace& place, const DataKey& key, Values values) {
  if (!c.collective.reduces) return movedData(key, place.rank);
  return values == Values::kExact ? contribution(key, c.op.id, place.rank, place.ranks)
                                  : roughContribution(key, c.op.id, place.rank, place.ranks);
}

Span partOf(const Case& c, const Span& span, const Block& block) {
  return {span.data + block.offset * c.type.bytes, block.count * c.type.bytes};
}

// Calls visit(the block in `send`, its number).
template <typename Visit>
void forEachSendBlock(const Case& c, const RankPlace& place, const Span& send, Visit visit) {
  const std::vector<Block> blocks = sendBlocks(c.shape, place.rank, place.ranks);
  for (size_t number = 0; number < blocks.size(); ++number)
    visit(partOf(c, send, blocks[number]), number);
}

std::byte poisonOf(uint64_t seed) { return static_cast<std::byte>(mix(seed) & 0xff); }

// Whether this rank's send buffer is read at all: only the root's in a broadcast or scatter.
bool sends(const Case& c, int rank) {
  const bool ofRoot =
      c.collective.id == Collective::kBroadcast || c.collective.id == Collective::kScatter;
  return !ofRoot || rank == c.root;
}

// Block r of the receive buffer is block `number` of what rank r sent.
DataTable::Mismatches compareGathered(const Case& c, const RankPlace& place, const Span& recv,
                                      size_t number, uint64_t seed) {
  DataTable::Mismatches all;
  const std::vector<Block> blocks = recvBlocks(c.shape, place.rank, place.ranks);
  for (size_t from = 0; from < blocks.size(); ++from) {
    const Block& block = blocks[from];
    const DataTable sent = movedData(keyOf(c, number, block.count, seed), static_cast<int>(from));
    const DataTable::Mismatches found = sent.compare(partOf(c, recv, block).data, block.count);
    if (all.count == 0) all.first = block.offset + found.first;
    all.count += found.count;
  }
  return all;
}

DataTable::Mismatches compareResult(const Case& c, const RankPlace& place, const Span& recv,
                                    uint64_t seed) {
  const size_t count = c.shape.count;
  const auto own = static_cast<size_t>(place.rank);
  const DataKey whole = keyOf(c, 0, count, seed), mine = keyOf(c, own, count, seed);
  switch (c.collective.id) {
    case Collective::kAllReduce:
    case Collective::kReduce:
      return reduction(whole, c.op.id, place.ranks).compare(recv.data, count);
    case Collective::kReduceScatter:
      return reduction(mine, c.op.id, place.ranks).compare(recv.data, count);
    case Collective::kBroadcast:
      return movedData(whole, c.root).compare(recv.data, count);
    case Collective::kScatter:
      return movedData(mine, c.root).compare(recv.data, count);
    case Collective::kSendRecv:
      return movedData(whole, (place.rank + place.ranks - 1) % place.ranks)
          .compare(recv.data, count);
    case Collective::kAllGather:
    case Collective::kGather:
      return compareGathered(c, place, recv, 0, seed);
    case Collective::kAllToAll:
    case Collective::kAllToAllv:
      return compareGathered(c, place, recv, own, seed);
    case Collective::kBarrier:
      return {};
  }
  return {};
}

bool contains(const Span& outer, const std::byte* at) {
  return at >= outer.data && at < outer.data + outer.bytes;
}

// Memory that is not used keeps its poison; counted in bytes, but for those of `used`.
size_t countPoisonLost(const Span& span, std::byte poison, const Span& used) {
  size_t lost = 0;
  for (const std::byte* at = span.data; at < span.data + span.bytes; ++at)
    lost += *at != poison && !contains(used, at);
  return lost;
}

// Elements of what was sent that the call has changed, apart from its result.
size_t countChanged(const Case& c, const RankPlace& place, const CallBuffers& buffers,
                    const Span& result, uint64_t seed) {
  size_t changed = 0;
  forEachSendBlock(c, place, buffers.send, [&](const Span& block, size_t number) {
    if (block.bytes == 0 || contains(result, block.data)) return;
    const DataKey key = keyOf(c, number, block.bytes / c.type.bytes, seed);
    changed += sentBy(c, place, key, Values::kExact).compare(block.data, key.count).count;
  });
  return changed;
}

void prepare(const Case& c, const RankPlace& place, const CallBuffers& buffers, uint64_t seed,
             Values values) {
  const auto poison = static_cast<int>(poisonOf(seed));
  const auto clear = [&](const Span& span) {
    std::memset(span.data, poison, span.bytes);
    writeGuards(span);
  };
  clear(buffers.outer());
  if (!buffers.inPlace) {
    clear(buffers.recv);
    clear(buffers.send);
  }
  if (!sends(c, place.rank)) return;
  forEachSendBlock(c, place, buffers.send, [&](const Span& block, size_t number) {
    const DataKey key = keyOf(c, number, block.bytes / c.type.bytes, seed);
    sentBy(c, place, key, values).fill(block.data, key.count);
  });
}

}  // namespace

// Only the root's receive buffer is written in a reduce or gather.
bool receives(const Case& c, int rank) {
  const bool ofRoot =
      c.collective.id == Collective::kReduce || c.collective.id == Collective::kGather;
  return !ofRoot || rank == c.root;
}

void prepareData(const Case& c, const RankPlace& place, const CallBuffers& buffers, uint64_t seed) {
  prepare(c, place, buffers, seed, Values::kExact);
}

void prepareRoughData(const Case& c, const RankPlace& place, const CallBuffers& buffers,
                      uint64_t seed) {
  prepare(c, place, buffers, seed, Values::kRough);
}

WrongData findWrongData(const Case& c, const RankPlace& place, const CallBuffers& buffers,
                        uint64_t seed) {
  WrongData wrong;
  const auto add = [&](size_t count, const std::string& what) {
    if (count == 0) return;
    wrong.elements += static_cast<int64_t>(count);
    wrong.what += fmt::format("{}{} {}", wrong.what.empty() ? "" : ", ", count, what);
  };
  const Span nothing;
  const bool reads = sends(c, place.rank), writes = receives(c, place.rank);
  const std::byte poison = poisonOf(seed);
  if (writes) {
    const DataTable::Mismatches result = compareResult(c, place, buffers.recv, seed);
    add(result.count, fmt::format("wrong elements in the result, the first at {}", result.first));
  } else {
    add(countPoisonLost(buffers.recv, poison, buffers.inPlace && reads ? buffers.send : nothing),
        "bytes of a receive buffer written that is the root's to write");
  }
  const Span& result = buffers.inPlace && writes ? buffers.recv : nothing;
  add(reads ? countChanged(c, place, buffers, result, seed)
            : countPoisonLost(buffers.send, poison, result),
      "elements of the send buffer changed");
  if (buffers.inPlace) {
    add(countBrokenGuards(buffers.outer()), "bytes overwritten around the buffer");
    return wrong;
  }
  add(countBrokenGuards(buffers.recv), "bytes overwritten around the receive buffer");
  add(countBrokenGuards(buffers.send), "bytes overwritten around the send buffer");
  return wrong;
}

}  // namespace inccl::perf
