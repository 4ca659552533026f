// What a switch's controller and its clients are sent, as plain messages: kind, then fields. What
// decodes must encode to the same bytes: each message has one form on the wire.
#include <algorithm>
#include <array>

#include "fuzz/fuzz_target.h"
#include "wire/sealed_frame.h"
#include "wire/switch_messages.h"

namespace inccl::wire {
namespace {

using Bytes = std::span<const std::byte>;

template <typename Message>
void read(SwitchMessage kind, Bytes bytes) {
  const auto decoded = decodeSwitchMessage<Message>(bytes, "fuzzed");
  if (!decoded.ok()) {
    FUZZ_CHECK(!decoded.status().message().empty());
    return;
  }
  FUZZ_CHECK(std::ranges::equal(encodeSwitchMessage(kind, decoded.value()), bytes));
}

void readAny(Bytes bytes) {
  const auto kind = kindOfSwitchMessage(bytes);
  if (!kind.ok()) return;
  switch (kind.value()) {
    case SwitchMessage::kJoin:
      return read<JoinSwitch>(kind.value(), bytes);
    case SwitchMessage::kGrant:
      return read<SwitchGrant>(kind.value(), bytes);
    case SwitchMessage::kRefusal:
      return read<SwitchRefusal>(kind.value(), bytes);
    case SwitchMessage::kAttach:
      return read<AttachSwitch>(kind.value(), bytes);
    case SwitchMessage::kCounterList:
      return read<CounterList>(kind.value(), bytes);
    case SwitchMessage::kDrain:
      return read<DrainSwitch>(kind.value(), bytes);
    case SwitchMessage::kNewEpoch:
    case SwitchMessage::kLeave:
    case SwitchMessage::kDone:
    case SwitchMessage::kCounters:
      return;
  }
  FUZZ_CHECK(!"a message of an unknown kind was accepted");
}

// The same bytes as a sealed stream: nothing opens that was not closed with this key.
void readSealed(Bytes bytes) {
  Seal seal(SealKey{});
  if (bytes.size() < Seal::kLengthBytes) return;
  const auto length = Seal::length(bytes.first<Seal::kLengthBytes>());
  if (!length.ok()) return;
  FUZZ_CHECK(length.value() <= Seal::kMostFrameBytes);
  const Bytes rest = bytes.subspan(Seal::kLengthBytes);
  FUZZ_CHECK(!seal.open(rest.first(std::min(length.value(), rest.size()))).ok());
}

}  // namespace
}  // namespace inccl::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  inccl::wire::readAny(bytes);
  inccl::wire::readSealed(bytes);
  return 0;
}
