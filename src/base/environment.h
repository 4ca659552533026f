// Settings from the environment: INCCL_NAME, and for a few of them NCCL_NAME as fallback.
//
// Only interface choice, address family, debug output and NCCL_IB_* fall back: algorithm, protocol
// and topology settings made for GPUs are never taken over. A value that cannot be read is an
// error that names variable and value, never a silent default. Numbers are read alike in every
// locale. Words are compared without case, as NCCL does: readers lowerCase() them.
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

// ASCII letters only, whatever the locale.
std::string lowerCase(std::string_view text);

// A whole number in [low, high]; `byDefault` when unset.
Result<int64_t> environmentInteger(std::string_view name, int64_t byDefault, int64_t low,
                                   int64_t high);

// "64M", "4096", "1G": bytes with a binary suffix.
Result<uint64_t> environmentBytes(std::string_view name, uint64_t byDefault);
Result<uint64_t> parseBytes(std::string_view text);

// Seconds as a decimal number ("0.5", "600"); `byDefault` when unset. A wait of no time at all
// fails at once, so 0 is refused except where it means "off".
enum class ZeroSeconds { kRefused, kMeansOff };
Result<Nanos> environmentSeconds(std::string_view name, Nanos byDefault,
                                 ZeroSeconds zero = ZeroSeconds::kRefused);
Result<Nanos> parseSeconds(std::string_view text, ZeroSeconds zero = ZeroSeconds::kRefused);

}  // namespace inccl
