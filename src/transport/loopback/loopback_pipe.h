// The bytes between two ends of one process, with faults from a seed.
//
// Bytes pass through a bounded buffer. Faults: moves of random length (short
// writes and reads), moves that do not happen, a delay between writing and
// reading, a damaged byte, a cut and a stall after a given number of bytes. A
// stream cannot lose bytes silently, so what a network would drop for ever
// shows as a stall: everything before it arrives, nothing after.
//
// Each end draws from a generator of its own, so the same seed gives the same
// faults for the same calls of that end, however the two interleave. Both ends
// may be different threads; every function locks. The buffer of delays
// allocates: this is for tests, not for speed.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "transport/loopback/wake_flag.h"
#include "transport/stream_channel.h"

namespace inccl::transport::loopback {

// Time that a test moves on by hand; may be shared by many pipes and outlives
// them.
class ManualClock {
 public:
  [[nodiscard]] Nanos now() const { return now_.load(std::memory_order_acquire); }
  void advance(Nanos duration) { now_.fetch_add(duration, std::memory_order_acq_rel); }

 private:
  std::atomic<Nanos> now_{0};
};

constexpr uint64_t kNever = ~uint64_t{0};

struct LoopbackFaults {
  uint64_t seed = 0;
  double shortMoves = 0;               // share of moves that are cut to a random length
  double skippedMoves = 0;             // share of moves that do nothing this time
  uint64_t cutAfterBytes = kNever;     // then both ends see the connection closed
  uint64_t stallAfterBytes = kNever;   // later bytes are taken and never arrive
  uint64_t damagedByte = kNever;       // this byte, counted from 0, arrives with one bit flipped
  Nanos delayLow = 0;                  // of the bytes of one write, drawn in
  Nanos delayHigh = 0;                 // [delayLow, delayHigh]
  const ManualClock* clock = nullptr;  // nullptr: delays pass in real time
  size_t bufferBytes = 65536;          // at least 1
};

class LoopbackPipe {
 public:
  // `name` says which stream it is, for messages.
  LoopbackPipe(const LoopbackFaults& faults, std::string name);

  // As ByteStream: bytes moved, or -1 when the stream has ended.
  ssize_t write(const iovec* parts, int count);
  ssize_t read(const iovec* parts, int count);
  [[nodiscard]] WaitHandle writable() const { return writable_.handle(); }
  [[nodiscard]] WaitHandle readable() const { return readable_.handle(); }

  void closeWriter();  // the reader gets what was written, then the end
  void closeReader();  // the next write fails
  void cutNow();       // as closeWriter, and writes fail too

  // Why the stream has ended, with the seed to repeat it.
  [[nodiscard]] Status failure() const;

 private:
  struct Delayed {
    uint64_t end = 0;   // bytes before this offset …
    Nanos readyAt = 0;  // … may be read from then on
  };
  [[nodiscard]] Nanos now() const { return faults_.clock ? faults_.clock->now() : nowNs(); }
  [[nodiscard]] size_t room() const;
  [[nodiscard]] bool writerEnded() const {
    return readerClosed_ || written_ >= faults_.cutAfterBytes;
  }
  [[nodiscard]] bool readerEnded() const;
  // How many of `possible` bytes this move may take.
  size_t limit(size_t possible, std::mt19937_64& random) const;
  void startDelay();
  [[nodiscard]] uint64_t arrivedEnd();
  void updateFlags();

  mutable std::mutex mutex_;
  LoopbackFaults faults_;
  std::string name_;
  std::mt19937_64 writerRandom_, readerRandom_;
  std::vector<std::byte> ring_;
  uint64_t written_ = 0, read_ = 0;  // offsets in the stream
  uint64_t arrived_ = 0;             // bytes whose delay is over
  std::deque<Delayed> delayed_;
  bool writerClosed_ = false, readerClosed_ = false;
  WakeFlag writable_, readable_;
};

}  // namespace inccl::transport::loopback
