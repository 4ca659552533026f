// What the tool knows of each collective: name, buffer lengths, bandwidth formulas, the call.
//
// Conventions are those of nccl-tests. The size column is the whole buffer, so an all-gather of
// "64M" gathers 64M/n per rank, rounded down to 16 bytes. algbw is size over time; busbw
// multiplies it by the share of the bytes that every link must carry at least, which makes it
// comparable between rank counts. Where a buffer has a block for each rank, `count` is a block's
// length. Send and receive is a ring: each rank sends to the next one and
// receives from the one before.
#pragma once

#include <inccl/inccl.h>

#include <cstddef>
#include <span>
#include <string_view>

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
};

struct CollectiveTraits {
  Collective id;
  const char* name;
  bool reduces;     // takes an operation
  bool rooted;      // takes a root
  bool movesData;   // takes buffers
  bool hasInPlace;  // the API defines it in place
};

std::span<const CollectiveTraits> collectives();
const CollectiveTraits* findCollective(std::string_view name);
// Collectives of nccl-tests that the library does not have yet.
bool isPlannedCollective(std::string_view name);
std::string_view plannedCollectives();  // for messages, separated by spaces

// Lengths of one call, in elements.
struct Shape {
  size_t count = 0;         // what the call is given
  size_t sendElements = 0;  // what this rank reads
  size_t recvElements = 0;  // what this rank writes
};

Shape shapeOf(Collective collective, size_t bytes, size_t elementBytes, int ranks);
// The size column.
size_t reportedBytes(const Shape& shape, size_t elementBytes);
// Where, in elements, rank `rank` reads inside the receive buffer when the call is in place.
size_t inPlaceOffset(Collective collective, const Shape& shape, int rank);

struct Bandwidth {
  double algGBps = 0;  // 10^9 bytes per second
  double busGBps = 0;
};
Bandwidth bandwidthOf(Collective collective, size_t reportedBytes, int ranks, double seconds);

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
};
incclResult_t call(const CallArguments& arguments);

}  // namespace inccl::perf
