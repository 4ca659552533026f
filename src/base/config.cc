#include "base/config.h"

#include <fmt/format.h>

#include <charconv>

#include "base/environment.h"
#include "base/hash.h"

namespace inccl {
namespace {

Status readPortRange(Config& config) {
  const auto text = environmentText("PORT_RANGE");
  if (!text) return {};
  const char* const end = text->data() + text->size();
  unsigned low = 0, high = 0;
  const auto first = std::from_chars(text->data(), end, low);
  const bool dash = first.ec == std::errc() && first.ptr < end && *first.ptr == '-';
  const auto second = dash ? std::from_chars(first.ptr + 1, end, high) : first;
  if (!dash || second.ec != std::errc() || second.ptr != end || low < 1 || low > high ||
      high > 65535) {
    return invalidArgument(
        fmt::format("INCCL_PORT_RANGE is '{}'; expected LOW-HIGH within 1-65535", *text));
  }
  config.portLow = static_cast<uint16_t>(low);
  config.portHigh = static_cast<uint16_t>(high);
  return {};
}

Status readFamily(Config& config) {
  config.addressFamily = environmentText("SOCKET_FAMILY", NcclFallback::kAllowed).value_or("");
  if (config.addressFamily.empty() || config.addressFamily == "AF_INET" ||
      config.addressFamily == "AF_INET6")
    return {};
  return invalidArgument(fmt::format("INCCL_SOCKET_FAMILY is '{}'; expected AF_INET or AF_INET6",
                                     config.addressFamily));
}

Status readDeterminism(Config& config) {
  const std::string word = lowerCase(environmentText("DETERMINISM").value_or("ranks"));
  if (word == "ranks") return {};
  if (word == "plan")
    config.determinism = Config::Determinism::kPlan;
  else if (word == "strict")
    config.determinism = Config::Determinism::kStrict;
  else
    return invalidArgument(
        fmt::format("INCCL_DETERMINISM is '{}'; expected ranks, plan or strict", word));
  return {};
}

}  // namespace

Result<Config> Config::fromEnvironment() {
  Config config;
  INCCL_TRY_ASSIGN(config.creationTimeout,
                   environmentSeconds("CREATION_TIMEOUT", config.creationTimeout));
  INCCL_TRY_ASSIGN(config.connectTimeout,
                   environmentSeconds("CONNECT_TIMEOUT", config.connectTimeout));
  INCCL_TRY_ASSIGN(config.operationTimeout, environmentSeconds("TIMEOUT", config.operationTimeout));
  INCCL_TRY_ASSIGN(
      config.heartbeatSuspect,
      environmentSeconds("HEARTBEAT_SUSPECT", config.heartbeatSuspect, ZeroSeconds::kMeansOff));
  INCCL_TRY_ASSIGN(
      config.heartbeatFail,
      environmentSeconds("HEARTBEAT_TIMEOUT", config.heartbeatFail, ZeroSeconds::kMeansOff));
  INCCL_TRY_ASSIGN(config.bufferBytes, environmentBytes("BUFFSIZE", config.bufferBytes));
  config.transport = lowerCase(environmentText("TRANSPORT").value_or(""));
  config.algorithm = environmentText("ALGO").value_or("");
  config.protocol = environmentText("PROTO").value_or("");
  config.planFiles = environmentText("PLAN_FILE").value_or("");
  config.topologyFile = environmentText("TOPO_FILE").value_or("");
  config.interfaceNames = environmentText("SOCKET_IFNAME", NcclFallback::kAllowed).value_or("");
  config.hostId = environmentText("HOSTID").value_or("");
  config.secret = environmentText("SECRET").value_or("");
  config.aggregationSwitch = environmentText("INA").value_or("");
  config.aggregationToken = environmentText("INA_TOKEN").value_or("");
  INCCL_TRY_ASSIGN(const int64_t floats, environmentInteger("INA_FLOATS", 0, 0, 1));
  config.aggregateFloats = floats == 1;
  INCCL_TRY(readDeterminism(config));
  INCCL_TRY(readFamily(config));
  INCCL_TRY(readPortRange(config));
  return config;
}

uint64_t Config::hash() const {
  uint64_t hash = mixHash(bufferBytes, aggregateFloats ? 2 : 1);
  hash = mixHash(hash, determinism == Determinism::kStrict ? 2 : 1);
  for (const std::string* text : {&transport, &algorithm, &protocol}) hash = hashBytes(*text, hash);
  return hash;
}

}  // namespace inccl
