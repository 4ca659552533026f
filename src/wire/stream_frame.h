// The frame that carries one channel message over a byte stream: 16 bytes, then the payload.
//
//   offset  bytes  meaning (little endian)
//   0       4      magic 0x314c4e49 ("INL1")
//   4       4      payload bytes
//   8       8      OpTag: sequence in the high, digest of the signature in the low half
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/op_signature.h"

namespace inccl::wire {

struct StreamFrame {
  static constexpr size_t kBytes = 16;
  static constexpr uint32_t kMagic = 0x314c4e49;

  uint32_t payloadBytes = 0;
  OpTag tag;

  [[nodiscard]] std::array<std::byte, kBytes> encode() const {
    std::array<std::byte, kBytes> out;
    put(out.data(), kMagic, 4);
    put(out.data() + 4, payloadBytes, 4);
    put(out.data() + 8, tag.word(), 8);
    return out;
  }
  // Nothing when the magic is wrong. The caller judges the length.
  static std::optional<StreamFrame> decode(const std::byte* in) {
    if (get(in, 4) != kMagic) return std::nullopt;
    return StreamFrame{static_cast<uint32_t>(get(in + 4, 4)), OpTag::fromWord(get(in + 8, 8))};
  }

 private:
  static void put(std::byte* out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(value >> (8 * i));
  }
  static uint64_t get(const std::byte* in, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= static_cast<uint64_t>(in[i]) << (8 * i);
    return value;
  }
};

}  // namespace inccl::wire
