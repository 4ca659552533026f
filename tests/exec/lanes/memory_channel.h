// Channels in memory for ranks that one thread drives in turn, as unkind as the contract allows.
//
// Each FIFO has few slots. With `lazy`, calls find nothing or no room now and then although there
// is, messages are received in parts, and what was sent stays in the sender's hands until it is
// flushed, as with a stream whose socket is full. Slots are allocated up front, so that a test may
// count allocations, and what a message does not fill is garbage.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <tuple>
#include <vector>

#include "transport/transport.h"

namespace inccl::exec {

struct MemoryFabricShape {
  size_t slotBytes = 64;
  uint32_t slotCount = 2;
  bool lazy = false;
  uint64_t seed = 1;
};

// One (source, destination, channel).
class MemoryFifo {
 public:
  explicit MemoryFifo(const MemoryFabricShape& shape) : shape_(shape), random_(shape.seed) {
    for (uint32_t i = 0; i < shape.slotCount; ++i)
      slots_.push_back({std::make_unique<std::byte[]>(shape.slotBytes), 0, {}});
  }
  struct Slot {
    std::unique_ptr<std::byte[]> data;
    size_t bytes;
    OpTag tag;
  };

  [[nodiscard]] const MemoryFabricShape& shape() const { return shape_; }
  [[nodiscard]] bool isReluctant() { return shape_.lazy && random_() % 3 == 0; }
  [[nodiscard]] bool hasRoom() const { return committed_ - released_ < shape_.slotCount; }
  [[nodiscard]] bool hasArrived() const { return released_ < flushed_; }
  [[nodiscard]] bool isEmpty() const { return released_ == committed_; }
  [[nodiscard]] Slot& next() { return slots_[committed_ % shape_.slotCount]; }
  [[nodiscard]] Slot& head() { return slots_[released_ % shape_.slotCount]; }
  void commit() {
    ++committed_;
    if (!shape_.lazy) flushed_ = committed_;
  }
  // One message at a time leaves the sender's hands.
  [[nodiscard]] bool flush() {
    if (flushed_ < committed_ && !holdsBack_) ++flushed_;
    return flushed_ == committed_;
  }
  void release() { ++released_; }
  void cut() { isCut_ = true; }
  // From now on nothing leaves the sender's hands. With `lazy` only.
  void holdBack() { holdsBack_ = true; }
  [[nodiscard]] bool isCut() const { return isCut_; }
  [[nodiscard]] Status failure() const {
    return isCut_ ? remoteError("the line was cut") : Status();
  }

 private:
  MemoryFabricShape shape_;
  std::mt19937_64 random_;
  std::vector<Slot> slots_;
  uint64_t committed_ = 0, flushed_ = 0, released_ = 0;
  bool isCut_ = false;
  bool holdsBack_ = false;
};

class MemorySend final : public transport::SendChannel {
 public:
  explicit MemorySend(MemoryFifo& fifo) : fifo_(fifo) {}
  size_t slotBytes() const override { return fifo_.shape().slotBytes; }
  uint32_t slotCount() const override { return fifo_.shape().slotCount; }
  transport::Progress send(const std::byte* data, size_t bytes, OpTag tag) override {
    if (fifo_.isCut()) return transport::Progress::kBroken;
    std::byte* const slot = reserve();
    if (!slot) return transport::Progress::kPending;
    if (bytes > 0) std::memcpy(slot, data, bytes);
    commit(bytes, tag);
    return transport::Progress::kDone;
  }
  std::byte* reserve() override {
    if (fifo_.isCut() || !fifo_.hasRoom() || fifo_.isReluctant()) return nullptr;
    std::memset(fifo_.next().data.get(), 0xa5, fifo_.shape().slotBytes);
    return fifo_.next().data.get();
  }
  void commit(size_t bytes, OpTag tag) override {
    fifo_.next().bytes = bytes;
    fifo_.next().tag = tag;
    fifo_.commit();
  }
  transport::Progress flush() override {
    if (fifo_.isCut()) return transport::Progress::kBroken;
    return fifo_.flush() ? transport::Progress::kDone : transport::Progress::kPending;
  }
  Status failure() const override { return fifo_.failure(); }
  transport::WaitHandle waitHandle() const override { return {100, 4}; }

 private:
  MemoryFifo& fifo_;
};

class MemoryRecv final : public transport::RecvChannel {
 public:
  explicit MemoryRecv(MemoryFifo& fifo) : fifo_(fifo) {}
  size_t slotBytes() const override { return fifo_.shape().slotBytes; }
  uint32_t slotCount() const override { return fifo_.shape().slotCount; }
  transport::Arrival arrived() override {
    if (!fifo_.hasArrived() || fifo_.isReluctant()) return {};
    return {fifo_.head().data.get(), fifo_.head().bytes, fifo_.head().tag};
  }
  void release() override { fifo_.release(); }
  transport::Progress receive(std::byte* data, size_t bytes, OpTag tag) override {
    if (!fifo_.hasArrived())
      return fifo_.isCut() ? transport::Progress::kBroken : transport::Progress::kPending;
    const MemoryFifo::Slot& head = fifo_.head();
    if (head.tag != tag || head.bytes != bytes) return transport::Progress::kMismatch;
    if (fifo_.isReluctant()) {
      if (bytes > 1) std::memcpy(data, head.data.get(), bytes / 2);
      return transport::Progress::kPending;
    }
    if (bytes > 0) std::memcpy(data, head.data.get(), bytes);
    release();
    return transport::Progress::kDone;
  }
  Status failure() const override { return fifo_.failure(); }
  transport::WaitHandle waitHandle() const override { return {200, 1}; }

 private:
  MemoryFifo& fifo_;
};

// All FIFOs of a group of ranks.
class MemoryFabric {
 public:
  explicit MemoryFabric(MemoryFabricShape shape) : shape_(shape) {}

  MemoryFifo& fifo(int source, int destination, uint32_t channel) {
    auto& fifo = fifos_[{source, destination, channel}];
    if (!fifo) {
      ++shape_.seed;
      fifo = std::make_unique<MemoryFifo>(shape_);
    }
    return *fifo;
  }
  transport::SendChannel* send(int source, int destination, uint32_t channel) {
    sends_.push_back(std::make_unique<MemorySend>(fifo(source, destination, channel)));
    return sends_.back().get();
  }
  transport::RecvChannel* recv(int source, int destination, uint32_t channel) {
    recvs_.push_back(std::make_unique<MemoryRecv>(fifo(source, destination, channel)));
    return recvs_.back().get();
  }
  [[nodiscard]] bool isEmpty() const {
    for (const auto& [key, fifo] : fifos_) {
      if (!fifo->isEmpty()) return false;
    }
    return true;
  }

 private:
  MemoryFabricShape shape_;
  std::map<std::tuple<int, int, uint32_t>, std::unique_ptr<MemoryFifo>> fifos_;
  std::vector<std::unique_ptr<transport::SendChannel>> sends_;
  std::vector<std::unique_ptr<transport::RecvChannel>> recvs_;
};

}  // namespace inccl::exec
