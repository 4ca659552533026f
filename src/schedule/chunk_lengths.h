// How long is the data that a step handles?
//
// A vector is cut into chunks as evenly as possible, so chunks differ by one element, and a scratch
// chunk is as long as whatever was put into it. So each value carries the index of the slice's
// chunk that it came from, its length class, along copies, sums and messages. A step that would mix
// two classes (add chunks of different length, store one in the place of another) is refused here;
// for all others both ends of a message know its size without saying it.
//
// Of a v-collective each block has a length of its own. Its chunks then are told apart by block
// too: the class is the chunk's index in the buffer that holds the blocks of all ranks. A right
// schedule never mixes blocks, since what it does with one block's data is for that block's result;
// but only one that is seen not to may be called so.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "schedule/step_graph.h"

namespace inccl::schedule {

enum class BlockLengths : uint8_t {
  kEqual,      // all blocks have the same length
  kDifferent,  // each its own, of an all-gather or a reduce-scatter
};

// Does `buffer` of such a collective hold a block for each rank, or only the rank's own?
bool holdsAllBlocks(Collective collective, Buffer buffer);

// The length class of an input or output chunk of `rank`: its place in its block; with different
// lengths its place among the chunks of all blocks.
uint32_t lengthClass(const Schedule& schedule, int rank, const ChunkRef& chunk,
                     BlockLengths lengths = BlockLengths::kEqual);

// By StepId, the class of what the step moves; 0 for a step without data. `order` is an order in
// which the steps can run. Fails also when a step reads scratch that nothing was written to, or
// when calls cannot say lengths of blocks for the schedule's collective.
Result<std::vector<uint32_t>> inferLengthClasses(const StepGraph& graph,
                                                 const std::vector<StepId>& order,
                                                 BlockLengths lengths = BlockLengths::kEqual);

}  // namespace inccl::schedule
