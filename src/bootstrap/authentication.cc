#include "bootstrap/authentication.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "os/syscalls.h"

namespace inccl::bootstrap {
namespace {

constexpr std::string_view kProofLabel = "inccl proof 1";
constexpr std::string_view kRootLabel = "inccl root 1";
constexpr std::string_view kSecretLabel = "inccl secret 1";
constexpr std::string_view kEnvironmentRoot = "inccl environment 1";

static_assert(sizeof(Nonce) >= crypto_generichash_KEYBYTES_MIN);

// BLAKE2b of any parts, each of fixed length or the last one, so that they cannot be confused.
class Hash {
 public:
  Hash(const void* key, size_t keyBytes, size_t outputBytes) : outputBytes_(outputBytes) {
    crypto_generichash_init(&state_, static_cast<const unsigned char*>(key), keyBytes, outputBytes);
  }
  Hash& add(const void* data, size_t bytes) {
    crypto_generichash_update(&state_, static_cast<const unsigned char*>(data), bytes);
    return *this;
  }
  Hash& add(std::string_view label) { return add(label.data(), label.size()); }
  template <size_t N>
  Hash& add(const std::array<std::byte, N>& bytes) {
    return add(bytes.data(), N);
  }
  template <size_t N>
  void finish(std::array<std::byte, N>& output) {
    crypto_generichash_final(&state_, reinterpret_cast<unsigned char*>(output.data()),
                             outputBytes_);
  }

 private:
  crypto_generichash_state state_;
  size_t outputBytes_;
};

}  // namespace

Status prepareCryptography() {
  static const bool ready = sodium_init() >= 0;
  return ready ? Status() : Status(Code::kSystemError, "libsodium cannot be initialised");
}

Status fillRandom(void* data, size_t bytes) {
  auto* next = static_cast<std::byte*>(data);
  while (bytes > 0) {
    const ssize_t got = os::sys::getrandom(next, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return systemError("cannot get random bytes", errno);
    next += got;
    bytes -= static_cast<size_t>(got);
  }
  return {};
}

Result<Nonce> randomNonce() {
  Nonce nonce;
  INCCL_TRY(fillRandom(nonce.data(), nonce.size()));
  return nonce;
}

Nonce nonceFromSecret(const std::string& secret) {
  Nonce nonce;
  Hash(nullptr, 0, nonce.size()).add(kSecretLabel).add(secret).finish(nonce);
  return nonce;
}

Result<wire::ChallengeBytes> randomChallenge() {
  wire::ChallengeBytes challenge;
  INCCL_TRY(fillRandom(challenge.data(), challenge.size()));
  return challenge;
}

wire::Tag rootTag(const UniqueId& id) {
  wire::Tag tag{};
  if (id.rootAtRankZero)
    Hash(nullptr, 0, tag.size()).add(kEnvironmentRoot).finish(tag);
  else
    Hash(nullptr, 0, tag.size()).add(kRootLabel).add(id.nonce).finish(tag);
  return tag;
}

wire::ProofBytes prove(Role role, const Nonce& nonce, const Transcript& transcript) {
  const std::array<std::byte, 2> kinds = {static_cast<std::byte>(role),
                                          static_cast<std::byte>(transcript.hello.purpose)};
  wire::ProofBytes proof;
  Hash(nonce.data(), nonce.size(), proof.size())
      .add(kProofLabel)
      .add(kinds)
      .add(transcript.hello.target)
      .add(transcript.hello.challenge)
      .add(transcript.accepting)
      .finish(proof);
  return proof;
}

bool isProof(const wire::ProofBytes& proof, Role role, const Nonce& nonce,
             const Transcript& transcript) {
  const wire::ProofBytes expected = prove(role, nonce, transcript);
  return sodium_memcmp(proof.data(), expected.data(), proof.size()) == 0;
}

}  // namespace inccl::bootstrap
