// Reading memory of another process: right bytes, and an error for every way in which it goes
// wrong.
#include "transport/peer_memory.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "os/shared_memory.h"
#include "support/fail_nth_call.h"

namespace inccl::transport {
namespace {

constexpr MultiGroupShape kShape{2, 1024, 1024, 3};

// A child that is member 1 with its memory on offer, until it is killed.
class PeerMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    memory_ = std::make_unique<os::SharedMemory>(
        std::move(os::SharedMemory::anonymous(kShape.totalBytes() + 4096)).value());
    said_ = reinterpret_cast<std::atomic<uint64_t>*>(memory_->data() + kShape.totalBytes());
    group_ = std::make_unique<MultiGroup>(memory_->data(), kShape, 0);
    mine_ = std::make_unique<PeerMemory>(*group_);
    child_ = ::fork();
    ASSERT_GE(child_, 0);
    if (child_ == 0) offerForEver();
    while (said_->load(std::memory_order_acquire) == 0) ::usleep(100);
    const Status permitted = mine_->tryAll();
    if (!permitted.ok()) GTEST_SKIP() << permitted.message();
  }
  void TearDown() override { endChild(); }

  [[noreturn]] void offerForEver() {
    MultiGroup group(memory_->data(), kShape, 1);
    PeerMemory mine(group);
    std::vector<uint32_t> data(kWords);
    for (uint32_t i = 0; i < kWords; ++i) data[i] = i * 7;
    said_->store(reinterpret_cast<uintptr_t>(data.data()), std::memory_order_release);
    for (;;) ::pause();
  }
  void endChild() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
  }
  Status readAll() {
    got_.assign(kWords, 0);
    return mine_->read(1, said_->load(), got_.data(), kWords * 4);
  }

  static constexpr uint32_t kWords = 100003;
  std::unique_ptr<os::SharedMemory> memory_;
  std::atomic<uint64_t>* said_ = nullptr;
  std::unique_ptr<MultiGroup> group_;
  std::unique_ptr<PeerMemory> mine_;
  pid_t child_ = 0;
  std::vector<uint32_t> got_;
};

TEST_F(PeerMemoryTest, ReadsWhatThePeerHas) {
  ASSERT_TRUE(readAll().ok());
  for (uint32_t i = 0; i < kWords; ++i) ASSERT_EQ(got_[i], i * 7);
}

TEST_F(PeerMemoryTest, AFailingCallIsAnErrorThatSaysWhy) {
  const test::FailNthCall fault({.n = 1, .errorNumber = EPERM, .only = "process_vm_readv"});
  const Status status = readAll();
  EXPECT_EQ(status.code(), Code::kRemoteError);
  EXPECT_NE(status.message().find("not permitted"), std::string_view::npos) << status.message();
}

TEST_F(PeerMemoryTest, AnAddressThatIsNotThereIsAnError) {
  char byte = 0;
  EXPECT_EQ(mine_->read(1, 8, &byte, 1).code(), Code::kRemoteError);
  // Their data, and what lies far behind it.
  std::vector<std::byte> much(size_t{1} << 30);
  EXPECT_EQ(mine_->read(1, said_->load(), much.data(), much.size()).code(), Code::kRemoteError);
}

TEST_F(PeerMemoryTest, AProcessThatIsGoneIsAnError) {
  endChild();
  EXPECT_EQ(readAll().code(), Code::kRemoteError);
}

TEST_F(PeerMemoryTest, AnotherProcessWithItsNumberIsRecognised) {
  ++group_->memoryCard(1).proof;
  const Status status = mine_->tryAll();
  EXPECT_EQ(status.code(), Code::kRemoteError);
  EXPECT_NE(status.message().find("another one"), std::string_view::npos) << status.message();
}

TEST_F(PeerMemoryTest, MemoryThatWasWithdrawnIsAnError) {
  group_->memoryCard(1).withdrawn.store(1);
  EXPECT_EQ(readAll().code(), Code::kRemoteError);
}

}  // namespace
}  // namespace inccl::transport
