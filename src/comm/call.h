// One call on a communicator as plain values: what, from where, to where.
#pragma once

#include <array>
#include <cstddef>

#include "base/clock.h"
#include "base/op_signature.h"

namespace inccl::comm {

struct CallSettings;  // call_settings.h

struct Call {
  OpSignature signature;
  const void* send = nullptr;
  void* recv = nullptr;
  // A receive from any source: where the sender's rank goes. The signature's root is kAnyRank.
  int* source = nullptr;
  static constexpr int kAnyRank = -2;
  // What ranks must agree on beside the signature; mixed into its digest.
  uint32_t agreement = 0;
  // What this call selects for itself; nullptr: nothing.
  const CallSettings* settings = nullptr;
  Nanos timeLimit = 0;  // of this call alone; 0: the communicator's
  // Of a pre-multiplied sum: one element of the type.
  std::array<std::byte, 16> factor{};

  // Bytes of one rank's contribution.
  [[nodiscard]] size_t bytes() const { return signature.count * sizeOf(signature.type); }
  [[nodiscard]] bool isMessage() const {
    return signature.collective == Collective::kSend || signature.collective == Collective::kRecv;
  }
};

}  // namespace inccl::comm
