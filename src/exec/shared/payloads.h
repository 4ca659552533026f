// What an exchange does with everybody's payload: the tiny forms of the collectives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "reduce/reduce.h"
#include "transport/multi_group.h"

namespace inccl::exec {

struct ReducePayloads {
  reduce::ReduceManyFn reduceMany;
  void* output;
  size_t count;
  uint32_t members;
  void operator()(const void* const* payloads) const {
    reduceMany(output, payloads, members, count);
  }
};
struct GatherPayloads {
  std::byte* output;
  size_t bytes;
  uint32_t members;
  void operator()(const void* const* payloads) const {
    for (uint32_t member = 0; member < members; ++member) {
      std::byte* const block = output + bytes * member;
      if (block != payloads[member]) std::memcpy(block, payloads[member], bytes);
    }
  }
};
// This rank's block of what everybody has for everybody.
struct ReduceBlocks {
  reduce::ReduceManyFn reduceMany;
  void* output;
  size_t count, bytes;
  uint32_t me, members;
  void operator()(const void* const* payloads) const {
    const void* blocks[transport::kMostGroupMembers];
    for (uint32_t member = 0; member < members; ++member)
      blocks[member] = static_cast<const std::byte*>(payloads[member]) + bytes * me;
    reduceMany(output, blocks, members, count);
  }
};
struct TakeBlocks {
  std::byte* output;
  size_t bytes;
  uint32_t me, members;
  void operator()(const void* const* payloads) const {
    for (uint32_t member = 0; member < members; ++member)
      std::memcpy(output + bytes * member,
                  static_cast<const std::byte*>(payloads[member]) + bytes * me, bytes);
  }
};
struct NoPayload {
  void operator()(const void* const*) const {}
};

}  // namespace inccl::exec
