// A pair's channel in memory that both map: a SlotRing with one reader behind the channel verbs.
//
// Shared by shm (a memfd) and inproc (memory of the process). Doorbells belong to ranks, not to
// channels, and are given by the caller, so that a rank that waits on many channels sleeps on one
// word.
#pragma once

#include <cstring>
#include <memory>

#include "os/doorbell.h"
#include "transport/memory_exchange.h"
#include "transport/slot_ring.h"
#include "transport/transport.h"

namespace inccl::transport {

class RingSendChannel final : public SendChannel {
 public:
  RingSendChannel(std::shared_ptr<SharedBlock> memory, SlotRingShape shape,
                  os::Doorbell& readerDoorbell)
      : memory_(std::move(memory)), writer_(memory_->data(), shape), doorbell_(readerDoorbell) {}

  [[nodiscard]] size_t slotBytes() const override { return writer_.shape().slotBytes; }
  [[nodiscard]] uint32_t slotCount() const override { return writer_.shape().slotCount; }

  [[nodiscard]] Progress send(const std::byte* data, size_t bytes, OpTag tag) override {
    if (!writer_.post(data, bytes, tag)) return Progress::kPending;
    doorbell_.ring();
    return Progress::kDone;
  }
  [[nodiscard]] std::byte* reserve() override { return writer_.reserve(); }
  void commit(size_t bytes, OpTag tag) override {
    writer_.publish(bytes, tag);
    doorbell_.ring();
  }
  [[nodiscard]] Progress flush() override { return Progress::kDone; }  // published is sent
  // The receiver may not even have attached yet; then the memory must stay on offer.
  [[nodiscard]] bool drained() override { return writer_.drained(); }
  [[nodiscard]] Status failure() const override { return {}; }
  [[nodiscard]] WaitHandle waitHandle() const override { return {}; }

 private:
  std::shared_ptr<SharedBlock> memory_;
  SlotWriter writer_;
  os::Doorbell& doorbell_;
};

class RingRecvChannel final : public RecvChannel {
 public:
  RingRecvChannel(std::unique_ptr<AwaitedBlock> memory, SlotRingShape shape,
                  os::Doorbell& writerDoorbell)
      : awaited_(std::move(memory)), shape_(shape), doorbell_(writerDoorbell) {}

  [[nodiscard]] size_t slotBytes() const override { return shape_.slotBytes; }
  [[nodiscard]] uint32_t slotCount() const override { return shape_.slotCount; }

  [[nodiscard]] Arrival arrived() override {
    if (!memory_ && !attach()) [[unlikely]]
      return {};
    const SlotView view = reader_.head();
    return {view.data, view.bytes, view.tag};
  }
  void release() override {
    reader_.release();
    doorbell_.ring();
  }
  [[nodiscard]] bool broken() const override { return !failure_.ok(); }
  [[nodiscard]] Progress receive(std::byte* data, size_t bytes, OpTag tag) override {
    if (!memory_ && !attach()) [[unlikely]]
      return broken() ? Progress::kBroken : Progress::kPending;
    const SlotView view = reader_.head();
    if (!view.data) return Progress::kPending;
    if (view.tag != tag || view.bytes != bytes) return Progress::kMismatch;
    if (bytes > 0) std::memcpy(data, view.data, bytes);
    release();
    return Progress::kDone;
  }
  [[nodiscard]] Status failure() const override { return failure_; }
  [[nodiscard]] WaitHandle waitHandle() const override {
    return awaited_ ? awaited_->waitHandle() : WaitHandle{};
  }

 private:
  // The memory is the sender's, which may open its end much later.
  bool attach() {
    if (!failure_.ok()) return false;
    auto taken = awaited_->take();
    if (!taken.ok()) {
      failure_ = std::move(taken).status();
      return false;
    }
    memory_ = std::move(taken).value();
    if (!memory_) return false;
    reader_ = SlotReader(memory_->data(), shape_, 0);
    awaited_.reset();
    return true;
  }

  std::unique_ptr<AwaitedBlock> awaited_;  // until memory_ is there
  std::shared_ptr<SharedBlock> memory_;
  SlotRingShape shape_;
  SlotReader reader_;
  os::Doorbell& doorbell_;
  Status failure_;
};

}  // namespace inccl::transport
