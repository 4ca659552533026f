// Frames as they come from a stranger's connection: header, then the body of that kind, again and
// again. What decodes must encode to the same bytes: each message has one form on the wire.
#include <algorithm>
#include <span>

#include "bootstrap/endpoints.h"
#include "fuzz/fuzz_target.h"
#include "wire/control_messages.h"
#include "wire/frame.h"
#include "wire/handshake_messages.h"

namespace inccl::wire {
namespace {

using Bytes = std::span<const std::byte>;

void readEndpoints(const std::vector<std::byte>& bytes) {
  const auto endpoints = decodeEndpoints(bytes);
  if (!endpoints.ok()) return;
  Writer writer;
  Endpoints::fields(writer, endpoints.value());
  FUZZ_CHECK(writer.bytes() == bytes);
  for (const Address& address : endpoints.value().addresses)
    FUZZ_CHECK(!bootstrap::fromWire(address).describe().empty());
}

void lookInside(const Join& join) { readEndpoints(join.self.endpoints); }
void lookInside(const Table& table) {
  readEndpoints(table.hub.endpoints);
  for (const Peer& peer : table.peers) readEndpoints(peer.endpoints);
}
void lookInside(const Waiting& waiting) { FUZZ_CHECK(!waiting.signature.describe().empty()); }
template <typename Message>
void lookInside(const Message&) {}

template <typename Message>
void readBody(Bytes body) {
  const auto decoded = decodeBody<Message>(body);
  if (!decoded.ok()) {
    FUZZ_CHECK(!decoded.status().message().empty());
    return;
  }
  const std::vector<std::byte> frame = encodeFrame(decoded.value());
  const auto header = decodeHeader(Bytes(frame).first<kHeaderBytes>());
  FUZZ_CHECK(header.ok() && header.value().kind == Message::kKind);
  FUZZ_CHECK(header.value().length == body.size());
  FUZZ_CHECK(std::ranges::equal(Bytes(frame).subspan(kHeaderBytes), body));
  lookInside(decoded.value());
}

void readBody(Kind kind, Bytes body) {
  switch (kind) {
    case Kind::kHello:
      return readBody<Hello>(body);
    case Kind::kChallenge:
      return readBody<Challenge>(body);
    case Kind::kProof:
      return readBody<Proof>(body);
    case Kind::kWelcome:
      return readBody<Welcome>(body);
    case Kind::kReject:
      return readBody<Reject>(body);
    case Kind::kJoin:
      return readBody<Join>(body);
    case Kind::kDataRequest:
      return readBody<DataRequest>(body);
    case Kind::kDescriptorRequest:
      return readBody<DescriptorRequest>(body);
    case Kind::kDescriptorReply:
      return readBody<DescriptorReply>(body);
    case Kind::kTable:
      return readBody<Table>(body);
    case Kind::kHeartbeat:
      return readBody<Heartbeat>(body);
    case Kind::kFailure:
      return readBody<Failure>(body);
    case Kind::kWaiting:
      return readBody<Waiting>(body);
    case Kind::kGather:
      return readBody<Gather>(body);
    case Kind::kGoodbye:
      return readBody<Goodbye>(body);
    case Kind::kGoodbyeSeen:
      return readBody<GoodbyeSeen>(body);
    case Kind::kNote:
      return readBody<Note>(body);
  }
  FUZZ_CHECK(!"a header of an unknown kind was accepted");
}

}  // namespace
}  // namespace inccl::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inccl::wire;
  Bytes rest(reinterpret_cast<const std::byte*>(data), size);
  while (rest.size() >= kHeaderBytes) {
    const auto header = decodeHeader(rest.first<kHeaderBytes>());
    if (!header.ok()) return 0;
    FUZZ_CHECK(header.value().length <= bodyLimit(header.value().kind));
    rest = rest.subspan(kHeaderBytes);
    // A receiver waits for the rest of a body; here a short one is read as it is.
    const size_t length = std::min<size_t>(header.value().length, rest.size());
    readBody(header.value().kind, rest.first(length));
    rest = rest.subspan(length);
  }
  return 0;
}
