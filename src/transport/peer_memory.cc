#include "transport/peer_memory.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "base/hash.h"
#include "os/syscalls.h"

namespace inccl::transport {
namespace {

// Unlikely to stand at the same place in another process.
uint64_t newProof(const void* place) {
  uint64_t random = 0;
  if (os::sys::getrandom(&random, sizeof random) != sizeof random)
    random = static_cast<uint64_t>(nowNs());
  return mixHash(random, reinterpret_cast<uintptr_t>(place)) | 1;
}

void* pointer(uint64_t address) { return reinterpret_cast<void*>(address); }

}  // namespace

PeerMemory::PeerMemory(MultiGroup& group)
    : group_(group), proof_(newProof(this)), peers_(group.memberCount()) {
  MemoryCard& card = group_.memoryCard(group_.me());
  card.process = static_cast<uint64_t>(::getpid());
  card.proof = proof_;
  card.proofAddress = reinterpret_cast<uintptr_t>(&proof_);
  card.withdrawn.store(0, std::memory_order_release);
}

Status PeerMemory::tryAll() {
  for (uint32_t member = 0; member < group_.memberCount(); ++member) {
    const MemoryCard& card = group_.memoryCard(member);
    Peer& peer = peers_[member];
    peer = {card.process, card.proof, card.proofAddress};
    uint64_t proof = 0;
    INCCL_TRY(readProcess(peer, peer.proofAddress, &proof, sizeof proof));
  }
  return {};
}

Status PeerMemory::read(uint32_t member, uint64_t address, void* to, size_t bytes) {
  INCCL_TRY(readProcess(peers_[member], address, to, bytes));
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (group_.memoryCard(member).withdrawn.load(std::memory_order_relaxed) != 0) [[unlikely]]
    return remoteError("the rank that was being read has left the operation");
  return {};
}

Status PeerMemory::readProcess(const Peer& peer, uint64_t address, void* to, size_t bytes) {
  uint64_t proof = 0;
  const iovec local[] = {{to, bytes}, {&proof, sizeof proof}};
  const iovec remote[] = {{pointer(address), bytes}, {pointer(peer.proofAddress), sizeof proof}};
  const ssize_t got =
      os::sys::processVmReadv(static_cast<pid_t>(peer.process), local, 2, remote, 2);
  if (got < 0) {
    const int error = errno;
    return remoteError(fmt::format("cannot read the memory of process {}: {}", peer.process,
                                   std::strerror(error)));
  }
  if (static_cast<size_t>(got) != bytes + sizeof proof || proof != peer.proof)
    return remoteError(
        fmt::format("process {} has no such memory, or is another one", peer.process));
  return {};
}

void PeerMemory::withdraw() {
  group_.memoryCard(group_.me()).withdrawn.store(1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace inccl::transport
