// One collective at one size on one library: its buffers, one call of it, and the proof that the
// call did what it should.
//
// Buffers are new for every measurement. Where the kernel puts their pages decides how they collide
// in the caches, by more than the differences that are looked for; with fresh pages each time this
// luck becomes noise that the interval shows, instead of a hidden advantage for one library.
//
// Element i of rank r is (i mod 251 + 1) * (r + 1): whole numbers whose sum over all ranks stays
// below 2^24, so float32 is exact in any order, and a chunk that landed in the wrong place shows,
// since 251 is prime. During timing the in-place sums run up to infinity, which costs nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "meeting_point.h"
#include "peer.h"

namespace inccl::peers {

enum class Collective {
  kAllReduce,
  kAllGather,
  kReduceScatter,
  kBroadcast,
  kAllToAll,
  kReduce,
  kBarrier
};

// all_reduce, all_gather, reduce_scatter, broadcast, alltoall, reduce, barrier.
[[nodiscard]] std::optional<Collective> collectiveNamed(std::string_view name);

// A library's, or ordinary, memory.
enum class BufferKind { kOrdinary, kLibrary };

class Workload {
 public:
  // `bytes` counts as in nccl-tests: the whole vector, for all_gather the gathered one, for
  // reduce_scatter and alltoall what a rank sends. Rounded down to whole elements and, where a
  // vector has a block per rank, to whole blocks, but never to none.
  Workload(Peer& peer, MeetingPoint& ranks, Collective collective, size_t bytes, BufferKind kind);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // Ends the program when the library reports an error.
  void call();

  // Collective: fills, calls once, looks at every element. The number of wrong ones on this rank;
  // for barrier 1 if a rank was let through too early.
  [[nodiscard]] uint64_t countWrongAfterOneCall();

 private:
  void fill();
  [[nodiscard]] float expectedAt(size_t i) const;
  [[nodiscard]] uint64_t checkBarrier();
  [[nodiscard]] float* allocate(size_t elements);
  void release(float* memory);

  Peer& peer_;
  MeetingPoint& ranks_;
  Collective collective_;
  BufferKind kind_;
  size_t count_ = 0;         // elements as the call counts them: of a block where there are blocks
  size_t sentCount_ = 0;     // elements that a rank sends; none where the call is in place
  size_t resultCount_ = 0;   // elements of the result
  float* sent_ = nullptr;    // nullptr for all_reduce and broadcast
  float* result_ = nullptr;  // their in-place buffer
};

}  // namespace inccl::peers
