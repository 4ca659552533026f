// What the harness asks of a library that it measures.
//
// One adapter program per library (peer_gloo.cc, peer_mpi.cc …) implements this class and hands it
// to runPeer(). It is deliberately the smallest common part of all of them: float32, sum, one
// communicator of all ranks, calls that return when the result is there. Whatever a library needs
// per call (Gloo's option objects, for example) belongs into the call and is measured, since its
// users pay for it too; whatever it can do once belongs into the constructor.
//
// Errors: a call returns false and lastError() says why; the harness then ends the program, and the
// comparison goes on without this library. Threading: one thread calls.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>

namespace inccl::peers {

inline constexpr size_t kBufferAlignmentBytes = 4096;

class Peer {
 public:
  Peer() = default;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  virtual ~Peer() = default;

  // In place.
  [[nodiscard]] virtual bool allReduce(float* data, size_t count) = 0;
  // In place on every rank, from rank 0.
  [[nodiscard]] virtual bool broadcast(float* data, size_t count) = 0;
  // Out of place; `received` has room for ranks * count elements.
  [[nodiscard]] virtual bool allGather(const float* sent, float* received, size_t count) = 0;
  // Out of place; `sent` holds ranks * count elements, `received` gets this rank's block.
  [[nodiscard]] virtual bool reduceScatter(const float* sent, float* received, size_t count) = 0;
  // Out of place; both hold ranks * count elements.
  [[nodiscard]] virtual bool allToAll(const float* sent, float* received, size_t count) = 0;
  // Out of place, to rank 0; the others' `received` must stay as it is.
  [[nodiscard]] virtual bool reduce(const float* sent, float* received, size_t count) = 0;
  [[nodiscard]] virtual bool barrier() = 0;

  // One line, as the library that runs states it.
  [[nodiscard]] virtual std::string version() const = 0;
  [[nodiscard]] virtual std::string lastError() const = 0;

  // Memory of the library's own kind; only used when the user asks for it (--buffers library).
  // nullptr means that it failed. The default is ordinary memory.
  [[nodiscard]] virtual void* allocate(size_t bytes) {
    size_t rounded = (bytes + kBufferAlignmentBytes - 1) / kBufferAlignmentBytes;
    return std::aligned_alloc(kBufferAlignmentBytes, rounded * kBufferAlignmentBytes);
  }
  virtual void release(void* memory) { std::free(memory); }
};

}  // namespace inccl::peers
