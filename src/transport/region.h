// The verb `Region`: user memory that peers reach without a channel.
//
// A rank exposes memory and tells peers its key by any message. What a peer can do with the key
// depends on the transport and is said in caps(): map it and load and store (memory of one host),
// or read from and write to it by the network (RDMA; those calls come with that transport).
// Exposing and mapping belong to set-up: they may allocate and call the system.
//
// A region stays exposed while its Region lives; a mapping stays valid even longer, until it goes
// itself. Order and completion are the business of whoever uses the memory: a region carries no
// flags of its own.
#pragma once

#include <cstddef>
#include <cstdint>

namespace inccl::transport {

// What a peer needs to reach a region; plain values, made to be sent.
struct RegionKey {
  uint64_t id = 0;          // of the exposing rank and communicator
  uint64_t blockBytes = 0;  // of the block that holds the region
  uint64_t offset = 0;      // of the region in the block
  uint64_t bytes = 0;       // of the region
};

// This rank's exposed memory; withdrawn when it goes.
class Region {
 public:
  virtual ~Region() = default;
  [[nodiscard]] virtual const RegionKey& key() const = 0;
};

// A peer's region in this process's address space.
class MappedRegion {
 public:
  virtual ~MappedRegion() = default;
  [[nodiscard]] virtual std::byte* data() const = 0;
  [[nodiscard]] virtual size_t bytes() const = 0;
};

}  // namespace inccl::transport
