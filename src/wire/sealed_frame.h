// A stream between two that know one token: nobody else reads, forges, repeats or reorders a frame.
//
// Each side opens with 8 bytes of magic and version and 16 random bytes. From the token and both
// sides' bytes each derives two keys, one for each direction (BLAKE2b, keyed by the token), and so
// a recording says nothing to a later connection. Then come frames: a length of 4 bytes, little
// endian, and as many bytes of XChaCha20-Poly1305, whose nonce is the number of the frame in its
// direction. A frame that does not open ends the connection: there is no telling what else was
// changed. Whoever learns the token later can read what was recorded; it is a key, not a handshake
// for strangers.
//
// Bytes and keys only, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace inccl::wire {

using SealKey = std::array<std::byte, 32>;

struct SealHello {
  static constexpr size_t kBytes = 24;
  std::array<std::byte, 16> random{};

  static Result<SealHello> make();
  [[nodiscard]] std::array<std::byte, kBytes> encode() const;
  // Another magic or version: somebody else's connection.
  static Result<SealHello> decode(std::span<const std::byte, kBytes> bytes);
};

struct SealKeys {
  SealKey fromClient{};
  SealKey fromSwitch{};
  static SealKeys derive(const std::string& token, const SealHello& client,
                         const SealHello& theSwitch);
};

// One direction.
class Seal {
 public:
  static constexpr size_t kLengthBytes = 4;
  static constexpr size_t kMostFrameBytes = (size_t{256} << 10) + 64;

  explicit Seal(const SealKey& key) : key_(key) {}

  // Length and sealed bytes, ready to be sent.
  std::vector<std::byte> close(std::span<const std::byte> plain);
  // How many bytes follow; an error where that cannot be.
  static Result<size_t> length(std::span<const std::byte, kLengthBytes> bytes);
  Result<std::vector<std::byte>> open(std::span<const std::byte> sealed);

 private:
  const SealKey key_;
  uint64_t frames_ = 0;
};

}  // namespace inccl::wire
