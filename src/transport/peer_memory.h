// Reading another rank's memory on the same host, wherever it lies: the verb `Region` `read`
// without a region, since the peer says the address in a message of the operation itself.
//
// One copy instead of the two of a slot, and the writer's caches keep what they have. The kernel
// copies (process_vm_readv), which costs a system call and needs its permission (the same user;
// Yama, seccomp and containers may refuse). So every rank tries it at set-up, and all use it or
// none. Threads of one process do the same: memory that its user has given back meanwhile is then
// an error, where a load would be the end of the process.
//
// What could go wrong later is found, not assumed away:
//   - A process may end and its number be another's. With every piece a word of the peer's process
//     is read, in the same call, and compared with what the peer had written down.
//   - A rank whose operation fails returns the memory to its user, who may change it while a peer
//     is still reading. It withdraws first; a reader looks after it has read, and takes back what
//     it got. Withdrawing is for good: the communicator has failed.
// The reader's fence and load in read() pair with the store and fence in withdraw().
// Used by the one thread that runs the communicator's operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/status.h"
#include "transport/multi_group.h"

namespace inccl::transport {

class PeerMemory {
 public:
  // Writes this rank's card.
  explicit PeerMemory(MultiGroup& group);
  PeerMemory(const PeerMemory&) = delete;
  PeerMemory& operator=(const PeerMemory&) = delete;

  // Whether the memory of every member can be read; all have written their cards, which are not
  // looked at again.
  [[nodiscard]] Status tryAll();

  // Copies `bytes` at `address` of `member`'s process. After tryAll().
  [[nodiscard]] Status read(uint32_t member, uint64_t address, void* to, size_t bytes);
  void withdraw();

 private:
  // What a card says.
  struct Peer {
    uint64_t process = 0, proof = 0, proofAddress = 0;
  };
  [[nodiscard]] static Status readProcess(const Peer& peer, uint64_t address, void* to,
                                          size_t bytes);

  MultiGroup& group_;
  uint64_t proof_;
  std::vector<Peer> peers_;
};

}  // namespace inccl::transport
