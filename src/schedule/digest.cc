// The digest of a schedule: every number that matters, in a fixed order, each list led by its
// length, so that no two different programs feed the same words. Only integers and text enter,
// never addresses or the order of a hash table, so it is the same on every machine.
#include "base/hash.h"
#include "schedule/schedule.h"

namespace inccl::schedule {
namespace {

class Digester {
 public:
  void add(uint64_t word) { hash_ = mixHash(hash_, word); }
  void add(std::string_view text) { add(hashBytes(text)); }
  void add(const ChunkRef& chunk) {
    add(uint64_t{static_cast<uint8_t>(chunk.buffer)} << 32 | chunk.index);
  }
  void add(const StepRef& ref) { add(uint64_t{ref.lane} << 32 | ref.step); }
  void add(const std::vector<int>& ranks) {
    add(ranks.size());
    for (const int rank : ranks) add(static_cast<uint64_t>(rank));
  }
  template <typename T>
  void addAll(const std::vector<T>& items) {
    add(items.size());
    for (const T& item : items) add(item);
  }
  void add(const Aggregate& aggregate) {
    add(static_cast<uint64_t>(aggregate.mode));
    add(aggregate.switchId);
    add(aggregate.group);
    add(aggregate.contributors);
    add(aggregate.receivers);
  }
  void add(const Step& step) {
    add(static_cast<uint64_t>(step.kind) << 2 | (step.destination ? 1 : 0) << 1 |
        (step.aggregate ? 1 : 0));
    addAll(step.sources);
    if (step.destination) add(*step.destination);
    addAll(step.after);
    if (step.aggregate) add(*step.aggregate);
  }
  void add(const Lane& lane) {
    add(lane.channel);
    add(static_cast<uint64_t>(lane.sendPeer));
    add(static_cast<uint64_t>(lane.recvPeer));
    addAll(lane.steps);
  }
  void add(const RankProgram& program) { addAll(program.lanes); }
  [[nodiscard]] uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0;
};

}  // namespace

uint64_t digest(const Schedule& schedule) {
  Digester digester;
  digester.add(static_cast<uint64_t>(schedule.collective));
  digester.add(static_cast<uint64_t>(schedule.rankCount));
  digester.add(static_cast<uint64_t>(schedule.root));
  digester.add(schedule.inputChunks);
  digester.add(schedule.outputChunks);
  digester.add(schedule.scratchChunks);
  digester.addAll(schedule.ranks);
  return digester.value();
}

}  // namespace inccl::schedule
