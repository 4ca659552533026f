#include "lab/links.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lab/enclosure.h"
#include "lab/program.h"

namespace inccl::lab {

Result<Links> linksFromJson(const std::string& text) {
  try {
    Links links;
    for (const auto& link : nlohmann::json::parse(text)) {
      LinkState& state = links[link.at("ifname").get<std::string>()];
      state.carries = link.at("operstate") == "UP";
      state.sentBytes = link.at("stats64").at("tx").at("bytes").get<uint64_t>();
    }
    return links;
  } catch (const nlohmann::json::exception& broken) {
    return Status(Code::kSystemError, fmt::format("ip -json link: {}", broken.what()));
  }
}

Result<Links> linksIn(int network) {
  INCCL_TRY(enterNetwork(network));
  INCCL_TRY_ASSIGN(const Finished ip, runProgram("ip", {"-json", "-statistics", "link"}, ""));
  if (ip.status != 0)
    return Status(Code::kSystemError, fmt::format("ip -json link: {}", ip.complaints));
  return linksFromJson(ip.output);
}

}  // namespace inccl::lab
