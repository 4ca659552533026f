// The messages by which two processes prove to each other that they know one nonce, and what the
// connecting one then asks for.
//
//   connecting                         accepting
//   Hello      whom I look for    →
//                                 ←   Challenge | Reject
//   Proof      keyed hash         →
//   Join | DataRequest | DescriptorRequest (sent with the proof)
//                                 ←   Welcome    keyed hash of its own | Reject
//
// The accepting side shows nothing that depends on the nonce before the other has proved itself;
// the nonce itself never travels. What the hashes cover is in bootstrap/authentication.h.
// Field order is wire order; integers are little endian; see byte_codec.h for the rest.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "wire/frame.h"

namespace inccl::wire {

constexpr size_t kTagBytes = 16;
constexpr size_t kChallengeBytes = 16;
constexpr size_t kProofBytes = 32;
using Tag = std::array<std::byte, kTagBytes>;  // names a rendezvous or a communicator; no secret
using ChallengeBytes = std::array<std::byte, kChallengeBytes>;
using ProofBytes = std::array<std::byte, kProofBytes>;

constexpr size_t kNameLimit = 255;
constexpr size_t kSentenceLimit = 4000;

enum class Purpose : uint8_t { kControl = 1, kData = 2, kDescriptor = 3 };
bool isKnown(Purpose purpose);

struct Hello {
  static constexpr Kind kKind = Kind::kHello;
  Purpose purpose = Purpose::kControl;
  Tag target{};  // of the root (kControl) or of the communicator
  ChallengeBytes challenge{};

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.choice(self.purpose, static_cast<bool (*)(Purpose)>(isKnown));
    codec.array(self.target);
    codec.array(self.challenge);
  }
};

struct Challenge {
  static constexpr Kind kKind = Kind::kChallenge;
  ChallengeBytes challenge{};

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.array(self.challenge);
  }
};

struct Proof {
  static constexpr Kind kKind = Kind::kProof;
  ProofBytes proof{};

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.array(self.proof);
  }
};

struct Welcome {
  static constexpr Kind kKind = Kind::kWelcome;
  ProofBytes proof{};

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.array(self.proof);
  }
};

enum class RejectReason : uint8_t {
  kUnknownTarget = 1,  // not (or not yet, or no longer) here: another address or a retry may do
  kWrongProof = 2,
  kRefused = 3,  // proven, but what was asked for is impossible
};
bool isKnown(RejectReason reason);

struct Reject {
  static constexpr Kind kKind = Kind::kReject;
  RejectReason reason = RejectReason::kUnknownTarget;
  std::string sentence;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.choice(self.reason, static_cast<bool (*)(RejectReason)>(isKnown));
    codec.text(self.sentence, kSentenceLimit);
  }
};

// Asks for the FIFO `channel` from one rank to another; the connection itself becomes the FIFO.
struct DataRequest {
  static constexpr Kind kKind = Kind::kDataRequest;
  int32_t fromRank = -1;
  int32_t toRank = -1;
  uint32_t channel = 0;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.fromRank);
    codec.integer(self.toRank);
    codec.integer(self.channel);
  }
};

// Asks for a duplicate of the descriptor that rank `ofRank` offers under `name`. The reply comes
// when the offer is there, with the descriptor attached to its first byte.
struct DescriptorRequest {
  static constexpr Kind kKind = Kind::kDescriptorRequest;
  int32_t ofRank = -1;
  std::string name;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.ofRank);
    codec.text(self.name, kNameLimit);
  }
};

struct DescriptorReply {
  static constexpr Kind kKind = Kind::kDescriptorReply;

  template <typename Codec, typename Self>
  static void fields(Codec&, Self&) {}
};

}  // namespace inccl::wire
