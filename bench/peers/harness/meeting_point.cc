// See meeting_point.h. Every word that is written often has a cache line of its own.
#include "meeting_point.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>

#include "die.h"

namespace inccl::peers {

namespace {

constexpr size_t kCacheLineBytes = 64;
constexpr auto kBarrierDeadline = std::chrono::seconds(300);
constexpr auto kMailboxDeadline = std::chrono::seconds(60);
constexpr uint32_t kLooksBetweenClockReads = 1 << 16;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

// Pairs: `arrived` and `epoch` are written in barrier() by the last to arrive and by all before it;
// `mailboxFull` is released by leaveInMailbox() and acquired by takeFromMailbox().
struct ControlBlock {
  alignas(kCacheLineBytes) std::atomic<uint32_t> arrived;
  alignas(kCacheLineBytes) std::atomic<uint32_t> epoch;
  alignas(kCacheLineBytes) uint64_t decision;
  alignas(kCacheLineBytes) std::atomic<uint64_t> entries;
  alignas(kCacheLineBytes) std::atomic<uint32_t> mailboxFull;
  alignas(kCacheLineBytes) unsigned char mailbox[kMailboxBytes];
  alignas(kCacheLineBytes) uint64_t durations[kMaxRanks][kMaxCalls];
};
static_assert(std::atomic<uint64_t>::is_always_lock_free, "the block is shared between processes");

MeetingPoint::MeetingPoint(const std::string& path, int rank, int ranks, bool yieldWhileWaiting)
    : rank_(rank), ranks_(ranks), yieldWhileWaiting_(yieldWhileWaiting) {
  if (ranks < 1 || ranks > kMaxRanks || rank < 0 || rank >= ranks) {
    die("rank " + std::to_string(rank) + " of " + std::to_string(ranks) +
        " is out of range, at most " + std::to_string(kMaxRanks) + " ranks");
  }
  int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) dieOfErrno("cannot open " + path);
  if (ftruncate(fd, sizeof(ControlBlock)) != 0) dieOfErrno("cannot size " + path);
  void* mapped = mmap(nullptr, sizeof(ControlBlock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) dieOfErrno("cannot map " + path);
  close(fd);
  block_ = static_cast<ControlBlock*>(mapped);
  std::memset(block_->durations[rank], 0, sizeof(block_->durations[rank]));
}

MeetingPoint::~MeetingPoint() { munmap(block_, sizeof(ControlBlock)); }

void MeetingPoint::barrier() {
  uint32_t epoch = block_->epoch.load(std::memory_order_acquire);
  auto before = block_->arrived.fetch_add(1, std::memory_order_acq_rel);
  if (before + 1 == static_cast<uint32_t>(ranks_)) {
    block_->arrived.store(0, std::memory_order_relaxed);
    block_->epoch.store(epoch + 1, std::memory_order_release);
    return;
  }
  auto deadline = std::chrono::steady_clock::time_point::max();
  for (uint32_t looks = 1; block_->epoch.load(std::memory_order_acquire) == epoch; ++looks) {
    if (yieldWhileWaiting_) {
      sched_yield();
    } else {
      relax();
    }
    if (looks % kLooksBetweenClockReads != 0) continue;
    auto now = std::chrono::steady_clock::now();
    if (deadline == std::chrono::steady_clock::time_point::max()) deadline = now + kBarrierDeadline;
    if (now > deadline) die("rank " + std::to_string(rank_) + " waited too long at the barrier");
  }
}

uint64_t MeetingPoint::decidedByRankZero(uint64_t value) {
  if (rank_ == 0) block_->decision = value;
  barrier();
  uint64_t decided = block_->decision;
  barrier();
  return decided;
}

void MeetingPoint::leaveInMailbox(const void* bytes, size_t count) {
  if (count > kMailboxBytes)
    die("the mailbox is too small for " + std::to_string(count) + " bytes");
  std::memcpy(block_->mailbox, bytes, count);
  block_->mailboxFull.store(1, std::memory_order_release);
}

void MeetingPoint::takeFromMailbox(void* bytes, size_t count) {
  if (count > kMailboxBytes)
    die("the mailbox is too small for " + std::to_string(count) + " bytes");
  auto deadline = std::chrono::steady_clock::now() + kMailboxDeadline;
  while (block_->mailboxFull.load(std::memory_order_acquire) == 0) {
    if (std::chrono::steady_clock::now() > deadline) die("rank 0 left nothing in the mailbox");
    timespec oneMillisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
    nanosleep(&oneMillisecond, nullptr);
  }
  std::memcpy(bytes, block_->mailbox, count);
}

uint64_t MeetingPoint::countEntry() {
  return block_->entries.fetch_add(1, std::memory_order_acq_rel) + 1;
}

uint64_t MeetingPoint::entries() const { return block_->entries.load(std::memory_order_acquire); }

uint64_t* MeetingPoint::durations(int rank) { return block_->durations[rank]; }

}  // namespace inccl::peers
