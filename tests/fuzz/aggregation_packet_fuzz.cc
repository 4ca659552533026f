// Datagrams from anywhere: what is a packet says again what it was made of.
#include <cstring>
#include <vector>

#include "fuzz/fuzz_target.h"
#include "wire/aggregation_packet.h"

namespace inccl::wire {
namespace {

void judge(std::span<const std::byte> bytes, size_t hopCheckBytes) {
  const auto decoded = decodePacket(bytes, hopCheckBytes);
  if (const auto* const bad = std::get_if<BadPacket>(&decoded)) {
    FUZZ_CHECK(!name(*bad).empty());
    return;
  }
  const auto& packet = std::get<PacketView>(decoded);
  FUZZ_CHECK(AggregationHeader::kBytes + packet.payload.size() + packet.exponents.size() +
                 hopCheckBytes ==
             bytes.size());
  FUZZ_CHECK(bytes.size() <= kMostPacketBytes);
  std::byte header[AggregationHeader::kBytes];
  encodeHeader(packet.header, header);
  FUZZ_CHECK(std::memcmp(header, bytes.data(), sizeof header) == 0);
}

}  // namespace
}  // namespace inccl::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  inccl::wire::judge(bytes, 0);
  inccl::wire::judge(bytes, inccl::wire::kHopCheckBytes);
  return 0;
}
