// What the tool knows of each collective: name, buffer lengths, bandwidth formulas, the call.
//
// Conventions are those of nccl-tests. The size column is the whole buffer, so an all-gather of
// "64M" gathers 64M/n per rank, rounded down to 16 bytes. algbw is size over time; busbw
// multiplies it by the share of the bytes that every link must carry at least, which makes it
// comparable between rank counts. Where a buffer has a block for each rank, `count` is a block's
// length. Send and receive is a ring: each rank sends to the next one and receives from the one
// before. An all-to-all of different lengths sends the more the further the receiver is, as far as
// its spread says.
#pragma once

#include <inccl/inccl.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "perf/elements.h"
#include "perf/outcome.h"

namespace inccl::perf {

enum class Collective {
  kAllReduce,
  kBroadcast,
  kAllGather,
  kSendRecv,
  kBarrier,
  kReduce,
  kReduceScatter,
  kAllToAll,
  kGather,
  kScatter,
  kAllToAllv,
};

struct CollectiveTraits {
  Collective id;
  const char* name;
  bool reduces;     // takes an operation
  bool rooted;      // takes a root
  bool movesData;   // takes buffers
  bool hasInPlace;  // the API defines it in place
  bool sameOnAll;   // all ranks get the same result
};

std::span<const CollectiveTraits> collectives();
const CollectiveTraits* findCollective(std::string_view name);
std::string collectiveNames();  // for messages, separated by spaces

// Lengths of one call, in elements.
struct Shape {
  size_t count = 0;         // what the call is given; of an alltoallv the mean block
  size_t sendElements = 0;  // the whole send buffer
  size_t recvElements = 0;  // the whole receive buffer
  // Of an alltoallv: what goes to the rank that is so many further, around the ring.
  std::vector<size_t> byDistance{};
};

// `spread` from 0, equal blocks, to 1, blocks in proportion to the distance: of alltoallv only.
Shape shapeOf(Collective collective, size_t bytes, size_t elementBytes, int ranks,
              double spread = 1);
// The size column.
size_t reportedBytes(const Shape& shape, size_t elementBytes);

// A part of a buffer, in elements.
struct Block {
  size_t offset = 0;
  size_t count = 0;
};
// The blocks of a rank's buffers, by the rank that they go to or come from; of a collective without
// such blocks, and where there is no data, the one that is the whole.
std::vector<Block> sendBlocks(const Shape& shape, int rank, int ranks);
std::vector<Block> recvBlocks(const Shape& shape, int rank, int ranks);

// In place the shorter buffer lies inside the longer one: where, in elements.
size_t inPlaceOffset(Collective collective, const Shape& shape, int rank);

struct Bandwidth {
  double algGBps = 0;  // 10^9 bytes per second
  double busGBps = 0;
};
Bandwidth bandwidthOf(Collective collective, size_t reportedBytes, int ranks, double seconds);

// What an alltoallv is given, entry by entry a rank.
struct BlockArrays {
  std::vector<size_t> sendCounts, sendOffsets, recvCounts, recvOffsets;
};
BlockArrays blockArraysOf(const Shape& shape, int rank, int ranks);

// One call, on a NULL stream.
struct CallArguments {
  Collective collective = Collective::kAllReduce;
  const void* send = nullptr;
  void* recv = nullptr;
  size_t count = 0;
  incclDataType_t type = incclFloat32;
  incclRedOp_t op = incclSum;
  int root = 0;
  int rank = 0;
  int ranks = 1;
  incclComm_t comm = nullptr;
  const BlockArrays* blocks = nullptr;  // of an alltoallv
};
incclResult_t call(const CallArguments& arguments);

}  // namespace inccl::perf
