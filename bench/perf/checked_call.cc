// What each collective's buffers hold before and after.
#include "perf/checked_call.h"

#include <fmt/format.h>

#include <cstring>

#include "perf/mix.h"
#include "perf/test_values.h"

namespace inccl::perf {
namespace {

// The data of one block of a send buffer; collectives without blocks have one.
DataKey keyOf(const Case& c, size_t block, uint64_t seed) {
  return {block == 0 ? seed : mix(seed, block), c.type, c.shape.count};
}

DataTable sentBy(const Case& c, int rank, int ranks, size_t block, uint64_t seed) {
  const DataKey key = keyOf(c, block, seed);
  return c.collective.reduces ? contribution(key, c.op.id, rank, ranks) : movedData(key, rank);
}

size_t sendBlocks(const Case& c) {
  return c.shape.count == 0 ? 0 : c.shape.sendElements / c.shape.count;
}

// Calls visit(data of the block in `send`, what it holds).
template <typename Visit>
void forEachSendBlock(const Case& c, const RankPlace& place, const Span& send, uint64_t seed,
                      Visit visit) {
  for (size_t block = 0; block < sendBlocks(c); ++block)
    visit(send.data + block * c.shape.count * c.type.bytes,
          sentBy(c, place.rank, place.ranks, block, seed));
}

std::byte poisonOf(uint64_t seed) { return static_cast<std::byte>(mix(seed) & 0xff); }

// Whether this rank's send buffer is read at all: only the root's in a broadcast or scatter.
bool sends(const Case& c, int rank) {
  const bool ofRoot =
      c.collective.id == Collective::kBroadcast || c.collective.id == Collective::kScatter;
  return !ofRoot || rank == c.root;
}
// Whether its receive buffer is written: only the root's in a reduce or gather.
bool receives(const Case& c, int rank) {
  const bool ofRoot =
      c.collective.id == Collective::kReduce || c.collective.id == Collective::kGather;
  return !ofRoot || rank == c.root;
}

// Block r of the receive buffer is block `block` of what rank r sent.
DataTable::Mismatches compareGathered(const DataKey& key, int ranks, const Span& recv) {
  DataTable::Mismatches all;
  for (int rank = 0; rank < ranks; ++rank) {
    const size_t start = static_cast<size_t>(rank) * key.count;
    const DataTable::Mismatches found =
        movedData(key, rank).compare(recv.data + start * key.type.bytes, key.count);
    if (all.count == 0) all.first = start + found.first;
    all.count += found.count;
  }
  return all;
}

DataTable::Mismatches compareResult(const Case& c, const RankPlace& place, const Span& recv,
                                    uint64_t seed) {
  const size_t count = c.shape.count;
  const DataKey key = keyOf(c, 0, seed);
  const DataKey own = keyOf(c, static_cast<size_t>(place.rank), seed);
  switch (c.collective.id) {
    case Collective::kAllReduce:
    case Collective::kReduce:
      return reduction(key, c.op.id, place.ranks).compare(recv.data, count);
    case Collective::kReduceScatter:
      return reduction(own, c.op.id, place.ranks).compare(recv.data, count);
    case Collective::kBroadcast:
      return movedData(key, c.root).compare(recv.data, count);
    case Collective::kScatter:
      return movedData(own, c.root).compare(recv.data, count);
    case Collective::kSendRecv:
      return movedData(key, (place.rank + place.ranks - 1) % place.ranks).compare(recv.data, count);
    case Collective::kAllGather:
    case Collective::kGather:
      return compareGathered(key, place.ranks, recv);
    case Collective::kAllToAll:
      return compareGathered(own, place.ranks, recv);
    case Collective::kBarrier:
      return {};
  }
  return {};
}

// A buffer that is not used keeps its poison; counted in bytes.
size_t countPoisonLost(const Span& span, std::byte poison) {
  size_t lost = 0;
  for (size_t i = 0; i < span.bytes; ++i) lost += span.data[i] != poison;
  return lost;
}

}  // namespace

void prepareData(const Case& c, const RankPlace& place, const CallBuffers& buffers, uint64_t seed) {
  const std::byte poison = poisonOf(seed);
  std::memset(buffers.recv.data, static_cast<int>(poison), buffers.recv.bytes);
  writeGuards(buffers.recv);
  if (!buffers.inPlace) {
    std::memset(buffers.send.data, static_cast<int>(poison), buffers.send.bytes);
    writeGuards(buffers.send);
  }
  if (!sends(c, place.rank)) return;
  forEachSendBlock(c, place, buffers.send, seed, [&](std::byte* block, const DataTable& table) {
    table.fill(block, c.shape.count);
  });
}

WrongData findWrongData(const Case& c, const RankPlace& place, const CallBuffers& buffers,
                        uint64_t seed) {
  WrongData wrong;
  const auto add = [&](size_t count, const std::string& what) {
    if (count == 0) return;
    wrong.elements += static_cast<int64_t>(count);
    wrong.what += fmt::format("{}{} {}", wrong.what.empty() ? "" : ", ", count, what);
  };
  const bool writes = receives(c, place.rank);
  if (writes) {
    const DataTable::Mismatches result = compareResult(c, place, buffers.recv, seed);
    add(result.count, fmt::format("wrong elements in the result, the first at {}", result.first));
  } else if (!buffers.inPlace) {
    add(countPoisonLost(buffers.recv, poisonOf(seed)),
        "bytes of a receive buffer written that is the root's to write");
  }
  add(countBrokenGuards(buffers.recv), "bytes overwritten around the receive buffer");
  if (buffers.inPlace && writes) return wrong;
  if (!buffers.inPlace)
    add(countBrokenGuards(buffers.send), "bytes overwritten around the send buffer");
  size_t changed = 0;
  if (sends(c, place.rank)) {
    forEachSendBlock(c, place, buffers.send, seed, [&](std::byte* block, const DataTable& table) {
      changed += table.compare(block, c.shape.count).count;
    });
  } else {
    changed = countPoisonLost(buffers.send, poisonOf(seed));
  }
  add(changed, "elements of the send buffer changed");
  return wrong;
}

}  // namespace inccl::perf
