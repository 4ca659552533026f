#include "bootstrap/unique_id.h"

#include <fmt/format.h>

#include <cstring>
#include <span>

#include "base/hash.h"
#include "wire/byte_codec.h"

namespace inccl::bootstrap {
namespace {

constexpr uint32_t kMagic = 0x49434e49;  // "INCI"
constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumOffset = kUniqueIdBytes - sizeof(uint64_t);
constexpr uint8_t kFlagRootAtRankZero = 1, kFlagAuthenticated = 2;

enum class AddressKind : uint8_t { kIpv4 = 4, kIpv6 = 6, kIpv6Scoped = 7 };

uint64_t checksum(const UniqueIdBytes& bytes) {
  return hashBytes({reinterpret_cast<const char*>(bytes.data()), kChecksumOffset}, kMagic);
}

std::vector<std::byte> encodeAddress(const os::SocketAddress& address) {
  wire::Writer writer;
  const bool scoped = address.scopeId() != 0;
  if (address.family() == AF_INET) {
    writer.integer(static_cast<uint8_t>(AddressKind::kIpv4));
    std::array<std::byte, 4> raw;
    std::memcpy(raw.data(), &address.ipv4Address(), raw.size());
    writer.array(raw);
  } else {
    writer.integer(static_cast<uint8_t>(scoped ? AddressKind::kIpv6Scoped : AddressKind::kIpv6));
    std::array<std::byte, 16> raw;
    std::memcpy(raw.data(), &address.ipv6Address(), raw.size());
    writer.array(raw);
    if (scoped) writer.integer(address.scopeId());
  }
  return writer.take();
}

// Sets the reader's failure for an address that is none.
os::SocketAddress decodeAddress(wire::Reader& reader) {
  uint8_t kind = 0;
  reader.integer(kind);
  if (kind == static_cast<uint8_t>(AddressKind::kIpv4)) {
    std::array<std::byte, 4> raw{};
    reader.array(raw);
    in_addr address;
    std::memcpy(&address, raw.data(), sizeof address);
    return os::SocketAddress::ipv4(address, 0);
  }
  const bool scoped = kind == static_cast<uint8_t>(AddressKind::kIpv6Scoped);
  if (!scoped && kind != static_cast<uint8_t>(AddressKind::kIpv6))
    reader.fail("it has an unknown kind of address");
  std::array<std::byte, 16> raw{};
  reader.array(raw);
  uint32_t scope = 0;
  if (scoped) reader.integer(scope);
  in6_addr address;
  std::memcpy(&address, raw.data(), sizeof address);
  return os::SocketAddress::ipv6(address, scope, 0);
}

}  // namespace

UniqueIdBytes UniqueId::encode() const {
  std::vector<std::byte> list;
  uint8_t count = 0;
  constexpr size_t kFixedBytes = 4 + 1 + 1 + 2 + 16 + 1;
  for (const os::SocketAddress& address : addresses) {
    const std::vector<std::byte> raw = encodeAddress(address);
    if (kFixedBytes + list.size() + raw.size() > kChecksumOffset) break;
    list.insert(list.end(), raw.begin(), raw.end());
    ++count;
  }
  wire::Writer writer;
  writer.integer(kMagic);
  writer.integer(kVersion);
  writer.integer(static_cast<uint8_t>((rootAtRankZero ? kFlagRootAtRankZero : 0) |
                                      (authenticated ? kFlagAuthenticated : 0)));
  writer.integer(port);
  writer.array(nonce);
  writer.integer(count);
  UniqueIdBytes bytes{};
  std::memcpy(bytes.data(), writer.bytes().data(), kFixedBytes);
  if (!list.empty()) std::memcpy(bytes.data() + kFixedBytes, list.data(), list.size());
  wire::Writer tail;
  tail.integer(checksum(bytes));
  std::memcpy(bytes.data() + kChecksumOffset, tail.bytes().data(), sizeof(uint64_t));
  return bytes;
}

Result<UniqueId> UniqueId::decode(const UniqueIdBytes& bytes) {
  // The checksum is no address.
  wire::Reader reader(std::span<const std::byte>(bytes).first(kChecksumOffset));
  uint32_t magic = 0;
  uint8_t version = 0, flags = 0, count = 0;
  UniqueId id;
  reader.integer(magic);
  reader.integer(version);
  if (magic != kMagic) return invalidArgument("the unique id was not made by this library");
  uint64_t stored = 0;
  wire::Reader(std::span(bytes).subspan(kChecksumOffset)).integer(stored);
  if (stored != checksum(bytes))
    return invalidArgument("the unique id is damaged: its checksum is wrong");
  if (version != kVersion)
    return invalidArgument(fmt::format(
        "the unique id has version {}, this library makes version {}", version, kVersion));
  reader.integer(flags);
  reader.integer(id.port);
  reader.array(id.nonce);
  reader.integer(count);
  id.rootAtRankZero = (flags & kFlagRootAtRankZero) != 0;
  id.authenticated = (flags & kFlagAuthenticated) != 0;
  for (uint8_t i = 0; i < count && !reader.failed(); ++i)
    id.addresses.push_back(decodeAddress(reader));
  if (reader.failed() || id.port == 0 || id.addresses.empty())
    return invalidArgument("the unique id names no root");
  return id;
}

UniqueId UniqueId::ofOneRank() {
  UniqueId id;
  id.rootAtRankZero = true;
  id.authenticated = false;
  id.port = kNoPort;
  id.addresses = {os::SocketAddress::loopback(AF_INET, kNoPort)};
  return id;
}

}  // namespace inccl::bootstrap
