// One rank's membership in one communicator, from the rendezvous to the goodbye.
//
// All ranks that hold the same unique id meet at its root (rendezvous.h), prove that they know the
// id's nonce, and learn who the others are. The connection to the root stays open as the control
// channel: heartbeats, failures, questions of ranks that wait long, goodbyes. The root hub is the
// arbiter of the first failure: whoever notices one reports it there, and the hub tells everyone,
// so that all ranks name the same culprit. All of this runs on the process's service thread
// (service_thread.h); callers only post words to it and never wait for it on the data path.
//
// What the service thread does to a communicator it does through ErrorState (raise) and OpHistory
// (look up); both are owned by the caller of join() and outlive the Session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "base/error_state.h"
#include "base/op_history.h"
#include "base/status.h"
#include "bootstrap/unique_id.h"
#include "os/socket_address.h"
#include "os/unique_fd.h"

namespace inccl::bootstrap {

// What every rank knows of every other after the rendezvous.
struct PeerInfo {
  int rank = -1;
  std::string host;     // host name, for messages
  std::string hostKey;  // equal on two ranks: they share memory (boot id and network namespace)
  int64_t pid = 0;
  uint64_t processKey = 0;  // random per process: equal on ranks that are threads of one process
  uint64_t configHash = 0;
  // Where its process accepts data connections and hands out memory: opaque to all but bootstrap.
  std::vector<std::byte> endpoints;

  // "rank 3 on host node7 (pid 4711)"
  [[nodiscard]] std::string describe() const;
};

class Session {
 public:
  virtual ~Session() = default;  // leaves without goodbye: peers will see this rank as dead

  // Meets the others. Blocks until all nRanks have joined, at most config.creationTimeout, and less
  // when errors.raise() is called meanwhile (abort). Errors name the missing ranks, a doubled rank,
  // different settings or versions.
  static Result<std::unique_ptr<Session>> join(const UniqueId& id, int nRanks, int rank,
                                               const Config& config, ErrorState& errors,
                                               const OpHistory& history);

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual const std::vector<PeerInfo>& peers() const = 0;
  // Equal on all ranks of this communicator and on no other: names things that its ranks share
  // inside one process. Not secret (derived from the id, not the nonce itself).
  [[nodiscard]] virtual std::string communicatorKey() const = 0;

  // Set-up time only: every rank contributes a blob (≤ 64 KiB) and gets all of them, in rank order.
  // All ranks call it the same number of times. Serves agreement ("did it work for everyone?").
  virtual Result<std::vector<std::vector<std::byte>>> allGather(const std::vector<std::byte>& mine,
                                                                Deadline deadline) = 0;

  // A connected stream socket (non-blocking, TCP_NODELAY) from this rank to `peer`, or the one that
  // `peer` connected to this rank, for the FIFO `channel`. Both ends have proved the nonce.
  // connectTo depends only on the peer's service thread, never on its caller.
  virtual Result<os::UniqueFd> connectTo(int peer, uint32_t channel, Deadline deadline) = 0;
  virtual Result<os::UniqueFd> acceptFrom(int peer, uint32_t channel, Deadline deadline) = 0;

  // By rank what connectTo tries first, best first, before what the peers told of themselves; ports
  // do not count. They may be wrong: who answers there proves itself as everybody does. To be said
  // before the first connectTo.
  using Addresses = std::vector<os::SocketAddress>;
  virtual void prefer(std::vector<Addresses> addressesOfRanks) = 0;

  // Descriptors of memory between ranks of one host: offered under a name, fetched by peers (a
  // duplicate) while the offer stands. A request never depends on the peer's caller; on the
  // connection that it gives the descriptor comes once it is offered. fetch does both.
  virtual Status offerDescriptor(const std::string& name, int fd) = 0;
  virtual void withdrawDescriptor(const std::string& name) = 0;
  virtual Result<os::UniqueFd> requestDescriptor(int peer, const std::string& name,
                                                 Deadline deadline) = 0;
  virtual Result<os::UniqueFd> receiveDescriptor(int peer, const std::string& name, int connection,
                                                 Deadline deadline) = 0;
  Result<os::UniqueFd> fetchDescriptor(int peer, const std::string& name, Deadline deadline) {
    INCCL_TRY_ASSIGN(const os::UniqueFd connection, requestDescriptor(peer, name, deadline));
    return receiveDescriptor(peer, name, connection.get(), deadline);
  }

  // This rank failed (or saw `culprit` fail, -1 when nobody in particular): tell everyone. Waits
  // a moment until that is under way (Member::report). The failure has already been raised locally.
  virtual void reportFailure(const Status& failure, int culprit) = 0;

  // A data connection to `peer` (-1: nobody knows to whom) broke. Gives the arbiter `grace` to say
  // why (it may know the true first cause), then raises "rank … closed its connection during …"
  // itself. Returns the communicator's error, whichever it became.
  virtual Status explainBrokenPeer(int peer, const std::string& during, Nanos grace) = 0;

  // kRemoteError when `peer` has said goodbye. Whether anybody has at all is one load.
  [[nodiscard]] virtual Status whetherLeft(int peer) = 0;
  [[nodiscard]] virtual bool someoneLeft() const = 0;

  // This rank has waited long in `tag`/`signature`: every rank compares with its own history, now
  // and when it gets there; a difference is raised on all ranks as kInvalidUsage naming both calls.
  // Returns at once; repeated calls for one tag are ignored.
  virtual void reportWaiting(OpTag tag, const OpSignature& signature) = 0;

  // Notes go through the root, in order from each sender, and also while callers are elsewhere:
  // `take` runs on the service thread, which it must not keep; nobody's before it is there. post()
  // is for any thread, also inside of `take`, and returns at once; `to`: a rank, or kAllRanks, this
  // one among them. At most kMostNoteBytes. A rank alone has nobody to write to, nor itself.
  using TakeNote = std::function<void(int from, std::span<const std::byte> note)>;
  static constexpr int kAllRanks = -1;
  static constexpr size_t kMostNoteBytes = size_t{64} << 10;
  virtual void takeNotes(TakeNote take) = 0;
  virtual void post(int to, std::vector<std::byte> note) = 0;

  // Clean farewell after `lastSequence` operations. Peers may finish operations up to that number;
  // a later one fails with kRemoteError that says who left. Flushes the farewell, at most `linger`.
  virtual void leave(uint32_t lastSequence, Nanos linger) = 0;

  // From any thread, at once: peers see this rank die now, not when the session goes. All that may
  // follow is the destructor.
  virtual void abandon() = 0;
};

}  // namespace inccl::bootstrap
