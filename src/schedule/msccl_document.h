// An MSCCL XML file as it stands, every word checked on its own: the form without the meaning.
//
// Each thing keeps the line that it came from, so that whoever finds a contradiction later can say
// where it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/data_type.h"
#include "base/op_signature.h"
#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule::msccl {

enum class StepType : uint8_t {
  kNop,                 // nop
  kSend,                // s
  kRecv,                // r
  kRecvCopySend,        // rcs
  kRecvReduceSend,      // rrs
  kRecvReduceCopy,      // rrc
  kRecvReduceCopySend,  // rrcs
  kCopy,                // cpy
  kReduce,              // re: destination = destination ⊕ source
};

// `count` chunks from `index` on; index -1 where the step has none.
struct Span {
  Buffer buffer = Buffer::kInput;
  int index = -1;
};

struct Dependency {
  int block = -1;
  int step = -1;
};

struct Step {
  int line = 0;
  StepType type = StepType::kNop;
  Span source, destination;
  uint32_t count = 1;
  std::optional<Dependency> waitsFor;
  bool deniesDependents = false;  // hasdep="0": nobody may wait for it
};

struct ThreadBlock {
  int line = 0;
  int sendPeer = -1, recvPeer = -1;
  uint32_t channel = 0;
  std::vector<Step> steps;
};

// <copy i_off o_off>, of older tools: an input chunk is a result as it is.
struct OwnCopy {
  int line = 0;
  uint32_t input = 0, output = 0;
};

struct Gpu {
  int line = 0;
  uint32_t inputChunks = 0, outputChunks = 0, scratchChunks = 0;  // 0: not said
  std::vector<ThreadBlock> blocks;
  std::vector<OwnCopy> copies;
};

struct Algorithm {
  int line = 0;
  std::string name;
  Collective collective = Collective::kAllReduce;
  uint32_t chunksPerLoop = 0;
  bool onlyInPlace = false;  // input and output are one memory, whatever they are called
  uint64_t minBytes = 0, maxBytes = 0;
  std::optional<RedOp> op;
  int root = -1;  // not said by MSCCL, but understood here
  std::vector<Gpu> gpus;
};

// Far above MSCCL's own limits (216 thread blocks of 256 steps of less than 72 chunks), low enough
// that a damaged file cannot ask for all memory.
constexpr int kMostBlocks = 4096;
constexpr int kMostSteps = 1 << 16;
constexpr int kMostChunksOfStep = 1024;

Result<Algorithm> parseDocument(std::string_view text);

// "line 7: why"
Status failureAt(int line, std::string_view why);

}  // namespace inccl::schedule::msccl
