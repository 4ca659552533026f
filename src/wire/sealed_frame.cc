#include "wire/sealed_frame.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace inccl::wire {
namespace {

constexpr std::array<char, 8> kMagic = {'I', 'N', 'C', 'C', 'L', 'S', 'W', 1};

bool ready() {
  static const bool done = sodium_init() >= 0;
  return done;
}

const unsigned char* raw(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

// Of the token, a label for the direction, and what both said first.
SealKey deriveKey(const std::string& token, std::string_view direction, const SealHello& client,
                  const SealHello& theSwitch) {
  std::array<unsigned char, crypto_generichash_KEYBYTES> tokenKey;
  crypto_generichash(tokenKey.data(), tokenKey.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                     0);
  crypto_generichash_state state;
  crypto_generichash_init(&state, tokenKey.data(), tokenKey.size(), sizeof(SealKey));
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(direction.data()),
                            direction.size());
  for (const SealHello* hello : {&client, &theSwitch})
    crypto_generichash_update(&state, raw(hello->random.data()), hello->random.size());
  SealKey key;
  crypto_generichash_final(&state, raw(key.data()), key.size());
  return key;
}

using FrameNonce = std::array<unsigned char, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>;

FrameNonce nonceOf(uint64_t frame) {
  FrameNonce nonce{};
  for (size_t i = 0; i < sizeof frame; ++i) nonce[i] = static_cast<unsigned char>(frame >> (8 * i));
  return nonce;
}

static_assert(sizeof(SealKey) == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

}  // namespace

Result<SealHello> SealHello::make() {
  if (!ready()) return Status(Code::kSystemError, "libsodium cannot be initialised");
  SealHello hello;
  randombytes_buf(hello.random.data(), hello.random.size());
  return hello;
}

std::array<std::byte, SealHello::kBytes> SealHello::encode() const {
  std::array<std::byte, kBytes> bytes;
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  std::ranges::copy(random, bytes.begin() + kMagic.size());
  return bytes;
}

Result<SealHello> SealHello::decode(std::span<const std::byte, kBytes> bytes) {
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return remoteError("not a switch's controller, or one of another version");
  SealHello hello;
  std::memcpy(hello.random.data(), bytes.data() + kMagic.size(), hello.random.size());
  return hello;
}

SealKeys SealKeys::derive(const std::string& token, const SealHello& client,
                          const SealHello& theSwitch) {
  return {deriveKey(token, "inccl switch 1 to switch", client, theSwitch),
          deriveKey(token, "inccl switch 1 to client", client, theSwitch)};
}

std::vector<std::byte> Seal::close(std::span<const std::byte> plain) {
  const size_t sealed = plain.size() + kTagBytes;
  std::vector<std::byte> frame(kLengthBytes + sealed);
  for (size_t i = 0; i < kLengthBytes; ++i) frame[i] = static_cast<std::byte>(sealed >> (8 * i));
  const FrameNonce nonce = nonceOf(frames_++);
  crypto_aead_xchacha20poly1305_ietf_encrypt(raw(frame.data() + kLengthBytes), nullptr,
                                             raw(plain.data()), plain.size(), nullptr, 0, nullptr,
                                             nonce.data(), raw(key_.data()));
  return frame;
}

Result<size_t> Seal::length(std::span<const std::byte, kLengthBytes> bytes) {
  size_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | std::to_integer<size_t>(bytes[i]);
  if (length < kTagBytes || length > kMostFrameBytes)
    return remoteError(fmt::format("a sealed frame of {} bytes, {} to {} are possible", length,
                                   kTagBytes, kMostFrameBytes));
  return length;
}

Result<std::vector<std::byte>> Seal::open(std::span<const std::byte> sealed) {
  if (sealed.size() < kTagBytes) return remoteError("a sealed frame is too short");
  std::vector<std::byte> plain(sealed.size() - kTagBytes);
  const FrameNonce nonce = nonceOf(frames_++);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(raw(plain.data()), nullptr, nullptr,
                                                 raw(sealed.data()), sealed.size(), nullptr, 0,
                                                 nonce.data(), raw(key_.data())) != 0)
    return remoteError("a frame was sealed with another token, or was changed on its way");
  return plain;
}

}  // namespace inccl::wire
