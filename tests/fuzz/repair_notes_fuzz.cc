// Notes of a repair from ranks that say anything: [from][length][bytes] … to the coordinator and to
// a rank's desk. They end the repair or are ignored; neither believes what cannot be.
#include <algorithm>

#include "fuzz/fuzz_target.h"
#include "ina/repair_coordinator.h"
#include "ina/repair_desk.h"

namespace inccl::ina {
namespace {

constexpr int kRanks = 3;
constexpr uint32_t kSlots = 4;

struct Listeners {
  size_t posted = 0, commits = 0;
  PostNote post = [this](int to, std::vector<std::byte> note) {
    FUZZ_CHECK(to == kToAllRanks || (0 <= to && to < kRanks));
    FUZZ_CHECK(!note.empty());
    ++posted;
    commits += note[0] == static_cast<std::byte>(wire::RepairKind::kCommit) ? 1 : 0;
  };
};

}  // namespace
}  // namespace inccl::ina

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inccl::ina;
  Listeners listeners;
  RepairCoordinator coordinator(kRanks, kSlots, listeners.post);
  SlotWindow window(SlotWindow::Shape{1, 0, kRanks, kSlots, nullptr, 64});
  RepairDesk desk(window, 0, kRanks, listeners.post);
  std::span<const std::byte> rest(reinterpret_cast<const std::byte*>(data), size);
  while (rest.size() >= 2) {
    const int from = std::to_integer<int>(rest[0]) % kRanks;
    const size_t length = std::min(std::to_integer<size_t>(rest[1]), rest.size() - 2);
    const auto note = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    coordinator.onNote(from, note);
    desk.onNote(from, note);
  }
  FUZZ_CHECK(listeners.commits <= 1);
  FUZZ_CHECK(!desk.over() || desk.sealed());
  if (desk.over()) FUZZ_CHECK(desk.decision().uses.size() <= inccl::wire::kMostRepairSlots);
  return 0;
}
