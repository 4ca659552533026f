// The verbs by which data moves between two ranks, whatever lies between them.
//
// Executors are written against these and never ask which transport they run on; what a transport
// cannot do it says in caps(), and nobody calls it. The verbs are those that shared memory, stream
// sockets, reliable datagrams and RDMA can all offer without bending:
//
//   Channel       an in-order FIFO of messages from one rank to another, each at most slotBytes();
//                 the sender either fills a reserved slot in place or sends from user memory, the
//                 receiver either looks at the arrived bytes in place or receives into user memory
//   MultiChannel  one writer, many readers, in memory that all of them map (multi_channel.h)
//   Region        user memory that peers may map, read or write (region.h)
//
// None of the calls on a channel blocks: they move what can be moved and say how far they got. The
// caller decides how to wait (exec/waiter.h) and when to give up. A channel is used by one thread
// at a time. Opening may block up to its deadline, but never on what the peer's *caller* does: a
// receiving end that is opened before the sending end is empty until that is there. So one thread
// may drive several ranks, and opening order is nobody's concern.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/op_signature.h"
#include "base/status.h"
#include "transport/region.h"
#include "transport/wait_handle.h"

namespace inccl::transport {

struct Caps {
  bool multiChannel = false;  // multiGroup() is there
  bool regionMap = false;     // load and store reach exposed memory
  bool regionRead = false;    // read() from a peer's exposed memory
  bool regionWrite = false;   // write() with notification into a peer's exposed memory
};

enum class Progress {
  kDone,      // this call's work is finished
  kPending,   // nothing (more) to do now; call again with the same arguments
  kMismatch,  // the message at the head belongs to another operation; it stays where it is
  kBroken,    // the channel failed for good; failure() says why
};

class SendChannel {
 public:
  virtual ~SendChannel() = default;
  // The largest message, and how many messages may be under way (never fewer than two).
  [[nodiscard]] virtual size_t slotBytes() const = 0;
  [[nodiscard]] virtual uint32_t slotCount() const = 0;

  // Sends `bytes` (0 … slotBytes) from user memory as one message. After kPending the caller keeps
  // data unchanged and calls again with the same arguments; after kDone the memory is the caller's.
  [[nodiscard]] virtual Progress send(const std::byte* data, size_t bytes, OpTag tag) = 0;

  // A free slot of slotBytes to be filled in place, or nullptr when none is free now (or the
  // channel is broken: failure()). At most one slot is reserved at a time; the same one is returned
  // until commit.
  [[nodiscard]] virtual std::byte* reserve() = 0;
  // Makes the reserved slot, with its first `bytes`, the next message.
  virtual void commit(size_t bytes, OpTag tag) = 0;

  // kDone when every message has left the hands of this process (a stream may hold back bytes that
  // the kernel did not take yet). Whoever uses the channel keeps calling this while it is pending,
  // and ends an operation only after its channels are flushed.
  [[nodiscard]] virtual Progress flush() = 0;
  // Whether this end may go without taking messages with it: the receiver has them all, or they
  // will reach it whatever happens here.
  [[nodiscard]] virtual bool drained() { return flush() != Progress::kPending; }

  [[nodiscard]] virtual Status failure() const = 0;
  [[nodiscard]] virtual WaitHandle waitHandle() const = 0;
};

// The message at the head of a channel. data is nullptr when none has arrived in full.
struct Arrival {
  const std::byte* data = nullptr;
  size_t bytes = 0;
  OpTag tag;
};

class RecvChannel {
 public:
  virtual ~RecvChannel() = default;
  [[nodiscard]] virtual size_t slotBytes() const = 0;
  [[nodiscard]] virtual uint32_t slotCount() const = 0;

  // The oldest message, in place; it stays valid and at the head until release().
  [[nodiscard]] virtual Arrival arrived() = 0;
  virtual void release() = 0;
  // After arrived() gave nothing: nothing will ever come again; failure() says why.
  [[nodiscard]] virtual bool broken() const { return false; }

  // Takes the oldest message into user memory. kMismatch when its tag or its size differ from what
  // is asked for. After kPending parts of `data` may already be written.
  [[nodiscard]] virtual Progress receive(std::byte* data, size_t bytes, OpTag tag) = 0;

  [[nodiscard]] virtual Status failure() const = 0;
  [[nodiscard]] virtual WaitHandle waitHandle() const = 0;
};

class MultiGroup;

class Transport {
 public:
  virtual ~Transport() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Caps caps() const = 0;

  // The largest message of the channels that it opens (their slotBytes).
  [[nodiscard]] virtual size_t messageBytes() const = 0;

  // The FIFO (this rank, peer, channel), or (peer, this rank, channel) for receiving. Each is
  // opened once. Both sides name the channel by the same number.
  virtual Result<std::unique_ptr<SendChannel>> openSend(int peer, uint32_t channel,
                                                        Deadline deadline) = 0;
  virtual Result<std::unique_ptr<RecvChannel>> openRecv(int peer, uint32_t channel,
                                                        Deadline deadline) = 0;

  // Exposes memory to peers of this communicator: any memory between threads of a process, memory
  // of incclMemAlloc between processes. Only with caps().regionMap (or regionRead, regionWrite).
  virtual Result<std::unique_ptr<Region>> expose(void* memory, size_t bytes) {
    static_cast<void>(memory), static_cast<void>(bytes);
    return internalError("this transport exposes no memory");
  }
  // A peer's region, mapped; only with caps().regionMap.
  virtual Result<std::unique_ptr<MappedRegion>> map(int peer, const RegionKey& key,
                                                    Deadline deadline) {
    static_cast<void>(peer), static_cast<void>(key), static_cast<void>(deadline);
    return internalError("this transport maps no memory");
  }

  // The memory that all ranks of this communicator map; nullptr unless caps().multiChannel.
  [[nodiscard]] virtual MultiGroup* multiGroup() { return nullptr; }
};

}  // namespace inccl::transport
