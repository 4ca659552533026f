// An MSCCL XML file as plain data: what can be said of it element by element, each with its line.
//
// After parseDocument() every attribute has been looked at: numbers are in range, words are known,
// gpus and thread blocks are there once each and stand in the order of their ids, steps use chunks
// that exist and peers that their block has. How steps fit together (messages, waits) is looked at
// in msccl_xml_order.h.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule::msccl {

struct StepElement {
  uint32_t line = 0;
  StepKind kind = StepKind::kNop;
  ChunkRef source, destination;  // where the kind uses them; the others name a peer's chunk
  uint32_t count = 0;            // chunks, from source and to destination on
  int waitsForBlock = -1, waitsForStep = -1;
  bool isAwaited = false;
};

struct BlockElement {
  uint32_t line = 0;
  int id = 0;
  int sendPeer = -1, recvPeer = -1;
  int channel = -1;
  std::vector<StepElement> steps;
};

struct GpuElement {
  uint32_t line = 0;
  int id = 0;
  uint32_t inputChunks = 0, outputChunks = 0, scratchChunks = 0;
  std::vector<BlockElement> blocks;
};

struct Document {
  uint32_t line = 0;
  std::string name;
  Collective collective = Collective::kAllReduce;
  int rankCount = 0;
  int root = -1;  // -1 when the file does not say it
  uint32_t chunksPerLoop = 0;
  bool inPlace = false;
  uint64_t minBytes = 0, maxBytes = 0;
  std::vector<DataType> types;
  std::vector<RedOp> ops;
  std::string topology;
  std::vector<GpuElement> gpus;
};

Result<Document> parseDocument(std::string_view text);

// "line 7: <step>: reason"
Status refuse(uint32_t line, std::string_view element, std::string_view reason);

inline constexpr std::array kStepTypes = {
    std::pair{"s", StepKind::kSend},
    std::pair{"r", StepKind::kRecv},
    std::pair{"cpy", StepKind::kCopy},
    std::pair{"re", StepKind::kReduce},
    std::pair{"rrc", StepKind::kRecvReduceCopy},
    std::pair{"rcs", StepKind::kRecvCopySend},
    std::pair{"rrs", StepKind::kRecvReduceSend},
    std::pair{"rrcs", StepKind::kRecvReduceCopySend},
    std::pair{"nop", StepKind::kNop},
};

// The first name of a collective is the one that we write.
inline constexpr std::array kCollectiveWords = {
    std::pair{"allreduce", Collective::kAllReduce},
    std::pair{"allgather", Collective::kAllGather},
    std::pair{"reduce_scatter", Collective::kReduceScatter},
    std::pair{"reducescatter", Collective::kReduceScatter},
    std::pair{"alltoall", Collective::kAllToAll},
    std::pair{"broadcast", Collective::kBroadcast},
    std::pair{"reduce", Collective::kReduce},
    std::pair{"gather", Collective::kGather},
    std::pair{"scatter", Collective::kScatter},
};

// Which of its operands a step of this kind uses.
constexpr bool usesSource(StepKind kind) {
  return kind == StepKind::kSend || kind == StepKind::kCopy || kind == StepKind::kReduce ||
         kind == StepKind::kRecvReduceCopy || kind == StepKind::kRecvReduceSend ||
         kind == StepKind::kRecvReduceCopySend;
}
constexpr bool usesDestination(StepKind kind) {
  return kind == StepKind::kRecv || kind == StepKind::kCopy || kind == StepKind::kReduce ||
         kind == StepKind::kRecvReduceCopy || kind == StepKind::kRecvCopySend ||
         kind == StepKind::kRecvReduceCopySend;
}

// The biggest number of bytes that MSCCL's parser takes: what we write for "no limit".
constexpr uint64_t kNoByteLimit = INT64_MAX;

}  // namespace inccl::schedule::msccl
