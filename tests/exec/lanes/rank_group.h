// All ranks of a schedule in one thread: programs, channels and operations, stepped in turn.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "exec/lanes/lanes_operation.h"
#include "memory_channel.h"

namespace inccl::exec {

class RankGroup {
 public:
  RankGroup(const schedule::Schedule& schedule, MemoryFabricShape shape, size_t messageBytes)
      : fabric_(shape),
        random_(shape.seed),
        messageBytes_(messageBytes),
        order_(schedule.rankCount) {
    std::iota(order_.begin(), order_.end(), 0);
    for (int rank = 0; rank < schedule.rankCount; ++rank) {
      auto program =
          std::make_shared<const CompiledProgram>(CompiledProgram::compile(schedule, rank).value());
      std::vector<transport::SendChannel*> sends;
      std::vector<transport::RecvChannel*> recvs;
      for (const ChannelKey& key : program->sendChannels())
        sends.push_back(fabric_.send(rank, key.peer, key.channel));
      for (const ChannelKey& key : program->recvChannels())
        recvs.push_back(fabric_.recv(key.peer, rank, key.channel));
      scratch_.emplace_back(program->scratchBytes(messageBytes) + 64);
      operations_.push_back(
          LanesOperation::create(program, std::move(sends), std::move(recvs), messageBytes)
              .value());
    }
  }

  [[nodiscard]] int size() const { return static_cast<int>(operations_.size()); }
  LanesOperation& operation(int rank) { return *operations_[rank]; }
  MemoryFabric& fabric() { return fabric_; }
  std::span<std::byte> scratch(int rank) {
    std::byte* const start = scratch_[rank].data();
    const size_t misaligned = reinterpret_cast<uintptr_t>(start) % 64;
    return std::span(scratch_[rank])
        .subspan(misaligned == 0 ? 0 : 64 - misaligned, scratch_[rank].size() - 64);
  }

  Status begin(int rank, LanesCall call) {
    call.scratch = scratch(rank);
    return operations_[rank]->begin(call);
  }

  // Steps all ranks in random turns until each has ended, one way or another, or nothing moves any
  // more. Returns how each ended.
  std::vector<transport::Progress> run() {
    std::vector<transport::Progress> ends(operations_.size(), transport::Progress::kPending);
    for (int idleRounds = 0; idleRounds < kMostIdleRounds; ++idleRounds) {
      bool open = false;
      std::shuffle(order_.begin(), order_.end(), random_);
      for (const int rank : order_) {
        if (ends[rank] != transport::Progress::kPending) continue;
        const uint64_t before = operations_[rank]->steps();
        ends[rank] = operations_[rank]->step();
        if (operations_[rank]->steps() != before || ends[rank] != transport::Progress::kPending)
          idleRounds = 0;
        open = open || ends[rank] == transport::Progress::kPending;
      }
      if (!open) break;
    }
    return ends;
  }

 private:
  static constexpr int kMostIdleRounds = 300;

  MemoryFabric fabric_;
  std::mt19937_64 random_;
  size_t messageBytes_;
  std::vector<int> order_;
  std::vector<std::vector<std::byte>> scratch_;
  std::vector<std::unique_ptr<LanesOperation>> operations_;
};

}  // namespace inccl::exec
