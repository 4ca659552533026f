// Proving that two processes know one nonce, without showing it.
//
// Each side sends 16 random bytes and answers with a keyed BLAKE2b hash over its role, the purpose,
// the target and both challenges; the key is the nonce. Role and both challenges are covered, so
// neither a replayed nor a reflected proof passes. The connecting side proves first (see
// wire/handshake_messages.h). Identities derived from the nonce are hashes with other labels.
#pragma once

#include "base/status.h"
#include "bootstrap/unique_id.h"
#include "wire/handshake_messages.h"

namespace inccl::bootstrap {

// For both sides: something that accepts, or connects, and then says nothing keeps nobody from the
// next.
constexpr Nanos kHandshakeTimeout = 5 * kSecond;

// Once per process, before anything else here.
Status prepareCryptography();

Status fillRandom(void* data, size_t bytes);
Result<Nonce> randomNonce();
Nonce nonceFromSecret(const std::string& secret);
Result<wire::ChallengeBytes> randomChallenge();

// By which a root is looked for. Ids from the environment share one, so that ranks with another
// secret find the root and are told so.
wire::Tag rootTag(const UniqueId& id);

enum class Role : uint8_t { kConnecting = 1, kAccepting = 2 };

struct Transcript {
  wire::Hello hello;  // with the connecting side's challenge
  wire::ChallengeBytes accepting{};
};

wire::ProofBytes prove(Role role, const Nonce& nonce, const Transcript& transcript);
// In constant time.
bool isProof(const wire::ProofBytes& proof, Role role, const Nonce& nonce,
             const Transcript& transcript);

}  // namespace inccl::bootstrap
