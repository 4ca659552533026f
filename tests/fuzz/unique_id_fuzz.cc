// Unique ids as users hand them over: damaged, foreign, or made by somebody with the checksum
// right. What decodes names a root, and encodes to an id that says the same.
#include <algorithm>

#include "base/hash.h"
#include "bootstrap/unique_id.h"
#include "fuzz/fuzz_target.h"

namespace inccl::bootstrap {
namespace {

void read(const UniqueIdBytes& bytes) {
  const auto id = UniqueId::decode(bytes);
  if (!id.ok()) {
    FUZZ_CHECK(id.status().code() == Code::kInvalidArgument);
    return;
  }
  FUZZ_CHECK(id.value().port != 0 && !id.value().addresses.empty());
  const auto again = UniqueId::decode(id.value().encode());
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again.value().port == id.value().port && again.value().nonce == id.value().nonce);
  FUZZ_CHECK(again.value().rootAtRankZero == id.value().rootAtRankZero);
  FUZZ_CHECK(again.value().authenticated == id.value().authenticated);
  FUZZ_CHECK(again.value().addresses == id.value().addresses);
}

// As unique_id.cc has them: no fuzzer finds a hash.
void makeChecksumRight(UniqueIdBytes& bytes) {
  constexpr uint64_t kMagic = 0x49434e49;
  constexpr size_t kCovered = kUniqueIdBytes - 8;
  const uint64_t sum = hashBytes({reinterpret_cast<const char*>(bytes.data()), kCovered}, kMagic);
  for (size_t i = 0; i < 8; ++i) bytes[kCovered + i] = static_cast<std::byte>(sum >> (8 * i));
}

}  // namespace
}  // namespace inccl::bootstrap

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inccl::bootstrap;
  UniqueIdBytes bytes{};
  std::copy_n(reinterpret_cast<const std::byte*>(data), std::min(size, bytes.size()), bytes.data());
  read(bytes);
  makeChecksumRight(bytes);
  read(bytes);
  return 0;
}
