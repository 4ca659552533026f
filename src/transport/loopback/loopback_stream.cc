#include "transport/loopback/loopback_stream.h"

namespace inccl::transport::loopback {
namespace {

class LoopbackEnd : public ByteStream {
 public:
  explicit LoopbackEnd(std::shared_ptr<LoopbackPipe> pipe) : pipe_(std::move(pipe)) {}
  ssize_t write(const iovec* parts, int count) override { return pipe_->write(parts, count); }
  ssize_t read(const iovec* parts, int count) override { return pipe_->read(parts, count); }
  [[nodiscard]] Status failure() const override { return pipe_->failure(); }
  [[nodiscard]] WaitHandle writable() const override { return pipe_->writable(); }
  [[nodiscard]] WaitHandle readable() const override { return pipe_->readable(); }

 protected:
  std::shared_ptr<LoopbackPipe> pipe_;
};

class WritingEnd final : public LoopbackEnd {
 public:
  using LoopbackEnd::LoopbackEnd;
  ~WritingEnd() override { pipe_->closeWriter(); }
};

class ReadingEnd final : public LoopbackEnd {
 public:
  using LoopbackEnd::LoopbackEnd;
  ~ReadingEnd() override { pipe_->closeReader(); }
};

}  // namespace

std::unique_ptr<ByteStream> writingEnd(std::shared_ptr<LoopbackPipe> pipe) {
  return std::make_unique<WritingEnd>(std::move(pipe));
}

std::unique_ptr<ByteStream> readingEnd(std::shared_ptr<LoopbackPipe> pipe) {
  return std::make_unique<ReadingEnd>(std::move(pipe));
}

LoopbackPair makePair(const LoopbackFaults& faults, size_t slotBytes) {
  auto pipe = std::make_shared<LoopbackPipe>(faults, "loopback stream");
  return {std::make_unique<StreamSendChannel>(writingEnd(pipe), slotBytes),
          std::make_unique<StreamRecvChannel>(readingEnd(pipe), slotBytes)};
}

}  // namespace inccl::transport::loopback
