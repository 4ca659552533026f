#include "ina/model/state.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

namespace inccl::ina_model {

static_assert(std::is_trivially_copyable_v<State>);
static_assert(sizeof(Use) == 12 && sizeof(Worker) == 8 && sizeof(Repair) == 6 &&
                  offsetof(State, packets) == 232,
              "no padding");

size_t usedBytes(const State& state) {
  return offsetof(State, packets) + state.packetCount * sizeof(Packet);
}

State copyOf(const State& state) {
  State copy;
  std::memcpy(static_cast<void*>(&copy), &state, usedBytes(state));
  return copy;
}

void post(const Job& job, State& state, Packet packet) {
  Packet* const begin = state.packets.data();
  Packet* const end = begin + state.packetCount;
  Packet* const place = std::lower_bound(
      begin, end, packet, [](const Packet& a, const Packet& b) { return a.bits < b.bits; });
  if (job.scenario.isEverlasting && place != end && *place == packet) return;
  if (state.packetCount == kMaxPackets) {
    state.isOverfull = 1;
    return;
  }
  std::copy_backward(place, end, end + 1);
  *place = packet;
  ++state.packetCount;
}

void removePacket(State& state, int index) {
  std::copy(state.packets.begin() + index + 1, state.packets.begin() + state.packetCount,
            state.packets.begin() + index);
  --state.packetCount;
}

}  // namespace inccl::ina_model
