// What a job and a switch's controller say to each other, over a sealed stream (sealed_frame.h).
//
// One rank speaks for its job: it names the workers by the addresses that their datagrams will come
// from, and gets a session and slots. The others attach to the session by connections of their own.
// These are the lease: when all of a job's have ended, however they ended, it is over and its slots
// are free. So a rank that still misses a result finds the switch waiting for it, whoever left.
// docs/wire.md has the layout for other implementations.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "wire/aggregation_packet.h"
#include "wire/byte_codec.h"

namespace inccl::wire {

enum class SwitchMessage : uint8_t {
  kJoin = 1,      // JoinSwitch → kGrant or kRefusal
  kGrant = 2,     // SwitchGrant
  kRefusal = 3,   // SwitchRefusal
  kNewEpoch = 4,  // empty → kGrant with another session, or kRefusal
  kLeave = 5,     // empty → kDone
  kDone = 6,
  kCounters = 7,     // empty → kCounterList
  kCounterList = 8,  // CounterList
  kDrain = 9,        // a flag: take no more jobs → kDone
  kAttach = 10,      // AttachSwitch → kDone or kRefusal
};
constexpr bool isKnownSwitchMessage(SwitchMessage message) {
  return message >= SwitchMessage::kJoin && message <= SwitchMessage::kAttach;
}

constexpr size_t kMostWorkers = 1023;
constexpr size_t kMostSwitchText = 256;
constexpr size_t kMostSwitchMessageBytes = size_t{256} << 10;

// "10.0.0.1:4711" or "[fe80::1]:4711".
struct WorkerAddress {
  std::string text;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.text, kMostSwitchText);
  }
};

struct JoinSwitch {
  static constexpr uint16_t kVersion = 1;
  uint16_t version = kVersion;
  std::string job;     // for people
  uint32_t slots = 0;  // wanted; it may be given fewer
  std::vector<WorkerAddress> workers;

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.version);
    codec.text(self.job, kMostSwitchText);
    codec.integer(self.slots);
    codec.list(self.workers, kMostWorkers);
  }
};

struct SwitchGrant {
  uint32_t session = 0;  // random, not 0
  uint32_t slots = 0;    // numbered from 0 for this job
  uint32_t payloadBytes = 0;
  uint16_t dataPort = 0;  // of the switch's address
  std::string profile;

  // Whether packets (aggregation_packet.h) can name all of it.
  [[nodiscard]] bool isPossible() const {
    return session != 0 && slots >= 1 && slots <= 65536 && payloadBytes >= 4 &&
           payloadBytes % 4 == 0 && payloadBytes <= 4 * kMostElements && dataPort != 0;
  }

  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.session);
    codec.integer(self.slots);
    codec.integer(self.payloadBytes);
    codec.integer(self.dataPort);
    codec.text(self.profile, kMostSwitchText);
  }
};

struct AttachSwitch {
  uint32_t session = 0;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.integer(self.session);
  }
};

struct SwitchRefusal {
  std::string reason;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.reason, kMostSwitchText);
  }
};

struct NamedCounter {
  std::string name;
  uint64_t value = 0;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.text(self.name, kMostSwitchText);
    codec.integer(self.value);
  }
};

struct CounterList {
  std::vector<NamedCounter> counters;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.list(self.counters, 1024);
  }
};

struct DrainSwitch {
  bool drains = true;
  template <typename Codec, typename Self>
  static void fields(Codec& codec, Self& self) {
    codec.flag(self.drains);
  }
};

// The kind, then the message's fields.
template <typename Message>
std::vector<std::byte> encodeSwitchMessage(SwitchMessage kind, const Message& message) {
  Writer writer;
  writer.choice(kind, isKnownSwitchMessage);
  Message::fields(writer, message);
  return writer.take();
}
inline std::vector<std::byte> encodeSwitchMessage(SwitchMessage kind) {
  Writer writer;
  writer.choice(kind, isKnownSwitchMessage);
  return writer.take();
}
inline Result<SwitchMessage> kindOfSwitchMessage(std::span<const std::byte> bytes) {
  if (bytes.empty() || !isKnownSwitchMessage(static_cast<SwitchMessage>(bytes[0])))
    return remoteError("a message of an unknown kind");
  return static_cast<SwitchMessage>(bytes[0]);
}
template <typename Message>
Result<Message> decodeSwitchMessage(std::span<const std::byte> bytes, const char* what) {
  Reader reader(bytes.subspan(1));
  Message message;
  Message::fields(reader, message);
  INCCL_TRY(reader.finish(what));
  return message;
}

}  // namespace inccl::wire
