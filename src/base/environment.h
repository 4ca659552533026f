// Settings from the environment: INCCL_NAME, and for a few of them NCCL_NAME as fallback.
//
// Only interface choice, address family, debug output and NCCL_IB_* fall back: algorithm, protocol
// and topology settings made for GPUs are never taken over. A value that cannot be read is an
// error that names variable and value, never a silent default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace inccl {

enum class NcclFallback { kNone, kAllowed };

// The value of INCCL_<name> (or NCCL_<name>); nothing when unset or empty.
std::optional<std::string> environmentText(std::string_view name,
                                           NcclFallback fallback = NcclFallback::kNone);

// A whole number in [low, high]; `byDefault` when unset.
Result<int64_t> environmentInteger(std::string_view name, int64_t byDefault, int64_t low,
                                   int64_t high);

// "64M", "4096", "1G": bytes with a binary suffix.
Result<uint64_t> environmentBytes(std::string_view name, uint64_t byDefault);
Result<uint64_t> parseBytes(std::string_view text);

// Seconds as a decimal number ("0.5", "600"); `byDefault` when unset.
Result<Nanos> environmentSeconds(std::string_view name, Nanos byDefault);

}  // namespace inccl
