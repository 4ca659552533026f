#include "lab/shaping.h"

#include <fmt/format.h>

#include <algorithm>

namespace inccl::lab {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr uint64_t kBytesPerGigabyte = 1'000'000'000;
constexpr uint64_t kMostBytesPerSecond = 1'000 * kBytesPerGigabyte;  // above any wire there is
constexpr uint64_t kSlowBytesPerSecond = 25'000'000;                 // 200 Mbit/s
constexpr uint64_t kSlowBurstUs = 2'600;
constexpr uint64_t kFastBurstUs = 16'000;
constexpr uint64_t kQueueUs = 20'000;
// Two full frames of Ethernet, without which nothing passes; and what tc still takes.
constexpr uint64_t kSmallestBurst = 4'096;
constexpr uint64_t kLargestBurst = 64 << 20;
constexpr uint64_t kSmallestQueue = 256 << 10;

}  // namespace

Result<Shaping> shapingOf(const topo::Rate& rate) {
  const Wide exact = Wide{rate.numerator()} * kBytesPerGigabyte / rate.denominator();
  if (exact == 0)
    return invalidArgument(fmt::format("{} GBps are less than a byte per second", rate.text()));
  Shaping shaping;
  shaping.bytesPerSecond = static_cast<uint64_t>(std::min<Wide>(exact, kMostBytesPerSecond));
  const auto bytesIn = [&](uint64_t us) { return shaping.bytesPerSecond / 1'000 * us / 1'000; };
  const bool slow = shaping.bytesPerSecond <= kSlowBytesPerSecond;
  shaping.burstBytes =
      std::clamp(bytesIn(slow ? kSlowBurstUs : kFastBurstUs), kSmallestBurst, kLargestBurst);
  shaping.queueBytes = std::clamp(bytesIn(kQueueUs), kSmallestQueue, 2 * kLargestBurst);
  return shaping;
}

}  // namespace inccl::lab
