// All ranks of a schedule in one thread: programs, channels and operations, stepped in turn.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "base/clock.h"
#include "exec/lanes/lanes_operation.h"
#include "memory_channel.h"

namespace inccl::exec {

class RankGroup {
 public:
  // Over the memory channels of a fabric of its own.
  RankGroup(const schedule::Schedule& schedule, MemoryFabricShape shape, size_t messageBytes,
            schedule::BlockLengths lengths = schedule::BlockLengths::kEqual)
      : RankGroup(schedule, shape, messageBytes, {}, lengths) {}

  // Over real transports, one for each rank.
  RankGroup(const schedule::Schedule& schedule,
            std::vector<std::unique_ptr<transport::Transport>> transports)
      : RankGroup(schedule, {}, 0, std::move(transports), schedule::BlockLengths::kEqual) {}

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

  RankGroup(const schedule::Schedule& schedule, MemoryFabricShape shape, size_t messageBytes,
            std::vector<std::unique_ptr<transport::Transport>> transports,
            schedule::BlockLengths lengths)
      : fabric_(shape),
        transports_(std::move(transports)),
        random_(shape.seed),
        messageBytes_(transports_.empty() ? messageBytes : transports_[0]->messageBytes()),
        order_(schedule.rankCount) {
    std::iota(order_.begin(), order_.end(), 0);
    for (int rank = 0; rank < schedule.rankCount; ++rank) {
      auto program = std::make_shared<const CompiledProgram>(
          CompiledProgram::compile(schedule, rank, lengths).value());
      std::vector<transport::SendChannel*> sends;
      std::vector<transport::RecvChannel*> recvs;
      for (const ChannelKey& key : program->sendChannels()) sends.push_back(openSend(rank, key));
      for (const ChannelKey& key : program->recvChannels()) recvs.push_back(openRecv(rank, key));
      scratch_.emplace_back(program->scratchBytes(messageBytes_) + 64);
      operations_.push_back(
          LanesOperation::create(program, std::move(sends), std::move(recvs), messageBytes_)
              .value());
    }
  }

  transport::SendChannel* openSend(int rank, const ChannelKey& key) {
    if (transports_.empty()) return fabric_.send(rank, key.peer, key.channel);
    sends_.push_back(
        transports_[rank]->openSend(key.peer, key.channel, Deadline::after(kSecond)).value());
    return sends_.back().get();
  }
  transport::RecvChannel* openRecv(int rank, const ChannelKey& key) {
    if (transports_.empty()) return fabric_.recv(key.peer, rank, key.channel);
    recvs_.push_back(
        transports_[rank]->openRecv(key.peer, key.channel, Deadline::after(kSecond)).value());
    return recvs_.back().get();
  }

  MemoryFabric fabric_;
  std::vector<std::unique_ptr<transport::Transport>> transports_;
  std::vector<std::unique_ptr<transport::SendChannel>> sends_;
  std::vector<std::unique_ptr<transport::RecvChannel>> recvs_;
  std::mt19937_64 random_;
  size_t messageBytes_;
  std::vector<int> order_;
  std::vector<std::vector<std::byte>> scratch_;
  std::vector<std::unique_ptr<LanesOperation>> operations_;
};

}  // namespace inccl::exec
