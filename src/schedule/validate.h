// Is a schedule well formed? Everything that can be said of it without running it.
//
// Builder, JSON reader, verifier and compiler all stand on this one list, so that none of them has
// to look twice: after validate() every index may be used unchecked. It says nothing about the
// result of the schedule; that is the verifier's part.
//
// Checked: rank, root and chunk counts fit the collective; peers exist and are not the rank itself;
// at most one lane of a rank sends on (peer, channel), at most one receives; each step has the
// sources, the destination and the peers that its kind needs; nothing writes to the input; chunk
// indices and `after` references exist; no step waits for itself by way of lanes and `after`.
#pragma once

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::schedule {

// Far above what anyone runs, low enough that a damaged file cannot ask for all memory.
constexpr int kMaxRanks = 1 << 16;
constexpr uint32_t kMaxChunks = 1u << 20;  // of one buffer
constexpr uint32_t kMaxChannels = 1u << 20;
constexpr uint64_t kMaxChunksOfAllRanks = 1u << 25;  // all buffers of all ranks together

// The first defect, as kInvalidArgument, naming rank, lane and step.
Status validate(const Schedule& schedule);

}  // namespace inccl::schedule
