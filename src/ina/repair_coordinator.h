// Who decides what becomes of an epoch that a switch has not finished: rank 0.
//
// A switch that dies may have given a sum to some ranks and not to others, in place over their own
// contributions, and some of them have returned. So nothing is done again before it is known who
// has what: all ranks seal the epoch (no packet of it counts any more) and report how far each slot
// is. They differ by one use of a slot at most, since a slot's next use needs all ranks. What some
// lack and another has taken is fetched from what that one retained, and sent to all; where those
// who have it were sent none themselves (the receivers of a rooted operation all lack it),
// everyone's contribution is fetched and added here. Then COMMIT says that the epoch is over. What
// nobody has a result of is added by the hosts from then on, out of inputs that are all there
// (rest_on_hosts.h). Protocol and its model: docs/ina-model.md.
//
// A state machine without clock or threads: notes come in by onNote() and go out through `post`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "wire/repair_messages.h"

namespace inccl::ina {

// To a rank, or kToAllRanks, the sender among them.
using PostNote = std::function<void(int to, std::vector<std::byte> note)>;
constexpr int kToAllRanks = -1;

class RepairCoordinator {
 public:
  RepairCoordinator(int ranks, uint32_t slots, PostNote post)
      : slots_(slots),
        post_(std::move(post)),
        reports_(static_cast<size_t>(ranks)),
        least_(slots, UINT32_MAX),
        most_(slots) {}

  void onNote(int from, std::span<const std::byte> note);

 private:
  enum class Phase { kWatching, kSealed, kFetching, kOver };
  // What is known so far of a chunk that some rank lacks.
  struct Missing {
    std::set<int> awaited;  // ranks
    wire::RepairGive sum;
    bool any = false;
  };

  void seal(const std::string& why);
  void onReport(int from, wire::RepairReport report);
  void onGive(int from, const wire::RepairGive& give);
  void decide();
  // Why the reports cannot be true, or empty.
  [[nodiscard]] std::string contradiction() const;
  // A rank whose slot was used so often.
  [[nodiscard]] size_t rankWith(uint32_t slot, uint32_t uses) const;
  void judgeSlot(uint32_t slot, std::vector<wire::RepairFetch>& wanted);
  void commit();
  void fail(const std::string& why);
  template <typename Message>
  void post(int to, const Message& message) {
    post_(to, wire::encodeRepair(message));
  }

  const uint32_t slots_;
  const PostNote post_;
  Phase phase_ = Phase::kWatching;
  std::vector<std::optional<wire::RepairReport>> reports_;  // by rank
  size_t reported_ = 0;
  std::vector<uint32_t> least_, most_;   // uses of each slot in the reports
  std::map<uint16_t, Missing> missing_;  // by slot
  size_t awaited_ = 0;
};

}  // namespace inccl::ina
