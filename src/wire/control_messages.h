// The messages of the control channel between every rank and the root hub.
//
// Field order is wire order; integers are little endian; see byte_codec.h for the rest.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/op_signature.h"
#include "base/status.h"
#include "wire/frame.h"
#include "wire/handshake_messages.h"

namespace inccl::wire {

constexpr uint32_t kProtocolVersion = 1;  // of everything after the handshake
constexpr size_t kRankLimit = 65536;
constexpr size_t kGatherLimit = size_t{64} << 10;
constexpr size_t kEndpointsLimit = 2048;

bool isKnown(Code code);
bool isKnown(Collective collective);
bool isKnown(DataType type);
bool isKnown(RedOp op);

// An address in any family, in network byte order.
struct Address {
  uint8_t family = 4;  // 4 or 6
  uint16_t port = 0;
  uint32_t scopeId = 0;
  std::array<std::byte, 16> bytes{};  // the first four for IPv4

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.family);
    codec.integer(self.port);
    codec.integer(self.scopeId);
    codec.array(self.bytes);
  }
};

// Where the process of a rank accepts connections: the content of Join::endpoints.
struct Endpoints {
  std::vector<Address> addresses;  // TCP, best first
  std::string localName;           // abstract Unix socket

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.list(self.addresses, 64);
    codec.text(self.localName, kNameLimit);
  }
};
Result<Endpoints> decodeEndpoints(const std::vector<std::byte>& bytes);

struct Peer {
  int32_t rank = -1;
  std::string host;
  std::string hostKey;
  int64_t pid = 0;
  uint64_t processKey = 0;
  uint64_t configHash = 0;
  std::vector<std::byte> endpoints;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.rank);
    codec.text(self.host, kNameLimit);
    codec.text(self.hostKey, kNameLimit);
    codec.integer(self.pid);
    codec.integer(self.processKey);
    codec.integer(self.configHash);
    codec.blob(self.endpoints, kEndpointsLimit);
  }
};

// A rank asks to be let in.
struct Join {
  static constexpr Kind kKind = Kind::kJoin;
  uint32_t protocolVersion = kProtocolVersion;  // first for ever, so that any version can read it
  int32_t nRanks = 0;
  uint32_t patienceMs = 0;  // how long this rank will wait for the table
  Peer self;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& message) {
    codec.integer(message.protocolVersion);
    codec.integer(message.nRanks);
    codec.integer(message.patienceMs);
    Peer::fields(codec, message.self);
  }
};

// All have joined: who they are, and the communicator's name for data connections.
struct Table {
  static constexpr Kind kKind = Kind::kTable;
  Tag communicator{};
  Peer hub;                    // the process that runs the hub; its rank is -1
  uint32_t heartbeatMs = 500;  // how often the hub lets itself be heard, and wants to hear
  std::vector<Peer> peers;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.array(self.communicator);
    Peer::fields(codec, self.hub);
    codec.integer(self.heartbeatMs);
    codec.list(self.peers, kRankLimit);
  }
};

struct Heartbeat {
  static constexpr Kind kKind = Kind::kHeartbeat;
  template <typename Codec, typename Self>
  static void fields(Codec&, Self&) {}
};

// To the hub: a rank failed or saw `culprit` fail. From the hub: the communicator's first failure,
// the same for all.
struct Failure {
  static constexpr Kind kKind = Kind::kFailure;
  Code code = Code::kRemoteError;
  int32_t culprit = -1;
  bool addOperation = false;  // every rank adds what it was doing
  std::string sentence;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.choice(self.code, static_cast<bool (*)(Code)>(isKnown));
    codec.integer(self.culprit);
    codec.flag(self.addOperation);
    codec.text(self.sentence, kSentenceLimit);
  }
};

// A rank has waited long in an operation; relayed to all others, who compare.
struct Waiting {
  static constexpr Kind kKind = Kind::kWaiting;
  int32_t rank = -1;
  uint32_t sequence = 0;
  OpSignature signature;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.rank);
    codec.integer(self.sequence);
    codec.choice(self.signature.collective, static_cast<bool (*)(Collective)>(isKnown));
    codec.choice(self.signature.type, static_cast<bool (*)(DataType)>(isKnown));
    codec.choice(self.signature.op, static_cast<bool (*)(RedOp)>(isKnown));
    codec.integer(self.signature.root);
    codec.integer(self.signature.count);
  }
};

// One rank's part of all-gather number `round`; relayed to all, the sender included.
struct Gather {
  static constexpr Kind kKind = Kind::kGather;
  int32_t rank = -1;
  uint32_t round = 0;
  std::vector<std::byte> blob;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.rank);
    codec.integer(self.round);
    codec.blob(self.blob, kGatherLimit);
  }
};

// From one rank to another, or to all and itself: what layers above say to each other while the
// data path does not work. The hub writes down who it is from.
struct Note {
  static constexpr Kind kKind = Kind::kNote;
  static constexpr int32_t kToAll = -1;
  int32_t from = -1;
  int32_t to = kToAll;
  std::vector<std::byte> blob;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.from);
    codec.integer(self.to);
    codec.blob(self.blob, kGatherLimit);
  }
};

// A rank leaves after `lastSequence` operations; relayed to all others.
struct Goodbye {
  static constexpr Kind kKind = Kind::kGoodbye;
  int32_t rank = -1;
  uint32_t lastSequence = 0;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.rank);
    codec.integer(self.lastSequence);
  }
};

// The hub has passed a goodbye on.
struct GoodbyeSeen {
  static constexpr Kind kKind = Kind::kGoodbyeSeen;
  template <typename Codec, typename Self>
  static void fields(Codec&, Self&) {}
};

}  // namespace inccl::wire
