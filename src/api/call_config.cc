#include "api/call_config.h"

#include <fmt/format.h>

namespace inccl::api {
namespace {

// A list that bites its tail must not hold us.
constexpr int kMostOptions = 1024;

// Longer ones do not fit into nanoseconds.
constexpr int64_t kMostMilliseconds = INT64_MAX / kMillisecond;

Status readOption(const incclCollOption_t& option, CallConfig& wanted) {
  switch (option.key.optionId) {
    case incclOptionTimeLimitMs:
      if (option.val.integer <= 0 || option.val.integer > kMostMilliseconds)
        return invalidArgument(fmt::format("time limit {} ms is no duration", option.val.integer));
      wanted.timeLimit = option.val.integer * kMillisecond;
      return {};
    case incclOptionInNetwork:
      if (option.val.integer != 0 && option.val.integer != 1)
        return invalidArgument(
            fmt::format("in-network option {} is neither 0 nor 1", option.val.integer));
      wanted.switchWish = option.val.integer == 1 ? comm::Call::SwitchWish::kAlways
                                                  : comm::Call::SwitchWish::kNever;
      return {};
    default:
      return invalidArgument(fmt::format("option {} is unknown", option.key.optionId));
  }
}

}  // namespace

Result<CallConfig> readCallConfig(const incclCollConfig_t& config) {
  if (config.magic != INCCL_CONFIG_MAGIC)
    return invalidArgument(
        "the configuration was not made with INCCL_COLL_CONFIG_INITIALIZER (wrong magic)");
  const auto has = [&](size_t end) { return config.size >= end; };
  if (!has(offsetof(incclCollConfig_t, ext) + sizeof config.ext) || config.size > 4096)
    return invalidArgument(
        fmt::format("the configuration's size {} is no version of incclCollConfig_t", config.size));
  CallConfig wanted;
  int options = 0;
  for (const incclCollOption_t* option = config.ext; option != nullptr; option = option->next) {
    if (++options > kMostOptions) return invalidArgument("the list of options has no end");
    if (option->key.vendorId == 0) return invalidArgument("an option has no vendor");
    if (option->key.vendorId == INCCL_VENDOR_ID) INCCL_TRY(readOption(*option, wanted));
  }
  if (has(offsetof(incclCollConfig_t, algSelection) + sizeof config.algSelection) &&
      config.algSelection != nullptr)
    wanted.selection.algorithms = config.algSelection;
  if (has(offsetof(incclCollConfig_t, forceAlgSelection) + sizeof config.forceAlgSelection)) {
    const int forced = config.forceAlgSelection;
    if (forced != INCCL_CONFIG_UNDEF_INT && forced != 0 && forced != 1)
      return invalidArgument(fmt::format("forceAlgSelection {} is neither 0 nor 1", forced));
    wanted.selection.forced = forced != 0;
  }
  return wanted;
}

}  // namespace inccl::api
