// What tests of sessions share: a configuration that stays on loopback, and a rank with what its
// communicator owns.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error_state.h"
#include "base/op_history.h"
#include "bootstrap/session.h"
#include "bootstrap/unique_id.h"

namespace inccl::bootstrap {

inline Config loopbackConfig() {
  Config config;
  config.interfaceNames = "lo";
  config.creationTimeout = 10 * kSecond;
  return config;
}

inline Deadline soon() { return Deadline::after(10 * kSecond); }

inline UniqueId createId(const Config& config = loopbackConfig()) {
  auto id = UniqueId::create(config);
  EXPECT_TRUE(id.ok()) << id.status().message();
  return id.ok() ? *id : UniqueId{};
}

struct RankUnderTest {
  ErrorState errors;
  OpHistory history;
  std::unique_ptr<Session> session;

  Status join(const UniqueId& id, int nRanks, int rank, const Config& config = loopbackConfig()) {
    auto joined = Session::join(id, nRanks, rank, config, errors, history);
    if (!joined.ok()) return joined.status();
    session = std::move(*joined);
    return {};
  }
  // Waits until an error has been raised.
  [[nodiscard]] Status awaitError(Nanos limit = 10 * kSecond) const;
};

inline std::string textOf(const Status& status) { return std::string(status.message()); }

inline std::vector<std::byte> toBytes(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}
inline std::string toText(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline OpSignature allReduceOf(uint64_t count) {
  OpSignature signature;
  signature.collective = Collective::kAllReduce;
  signature.type = DataType::kFloat32;
  signature.count = count;
  return signature;
}

}  // namespace inccl::bootstrap
