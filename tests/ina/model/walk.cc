#include "ina/model/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "ina/model/events.h"
#include "ina/model/recorder.h"
#include "ina/model/scenarios.h"

namespace inccl::ina_model {
namespace {

constexpr uint64_t kWildEvents = 400;
constexpr uint64_t kAllEvents = 100'000;  // far more than any run needs to end

class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}
  // 0 to count - 1.
  uint64_t below(uint64_t count) { return random_() % count; }
  uint8_t upTo(int most) { return static_cast<uint8_t>(below(static_cast<uint64_t>(most) + 1)); }

 private:
  std::mt19937_64 random_;
};

// Whether a chosen event happens, or another is chosen.
bool isTaken(const Job& job, const State& state, Event event, bool isWild, Chance& chance) {
  if (!isMishap(job, state, event)) return true;
  if (isWild) return chance.below(12) == 0;
  return event.kind == EventKind::kSeal && chance.below(100) == 0;
}

// False where nothing can happen.
bool chooseEvent(const Job& job, const State& state, bool isWild, Chance& chance, Event& chosen) {
  std::vector<Event> events;
  listEvents(job, state, events);
  if (events.empty()) return false;
  const auto canHappen = [&](Event event) {
    return isWild || event.kind == EventKind::kSeal || !isMishap(job, state, event);
  };
  if (std::none_of(events.begin(), events.end(), canHappen)) return false;
  do {
    chosen = events[chance.below(events.size())];
  } while (!isTaken(job, state, chosen, isWild, chance));
  return true;
}

Walk walkOnce(const Scenario& scenario, uint64_t seed, bool tells) {
  const Job job(scenario);
  Chance chance(seed);
  Walk result;
  State state = initialState(job);
  while (!isTerminal(job, state)) {
    Event event{};
    const bool isWild = result.events < kWildEvents;
    if (result.events++ == kAllEvents || !chooseEvent(job, state, isWild, chance, event)) {
      result.broken = Property::kStuck;
      return result;
    }
    if (tells) result.trace.push_back(describe(job, state, event));
    state = after(job, state, event);
    result.broken = brokenIn(state);
    if (result.broken != Property::kHolds) return result;
  }
  return result;
}

std::string randomOperations(Chance& chance, int workers) {
  constexpr const char* kNames[] = {"all-reduce", "reduce", "broadcast"};
  std::string text;
  int left = kMaxChunks;
  for (int i = 0, count = 2 + chance.upTo(3); i < count && left > 0; ++i) {
    const int chunks = 1 + chance.upTo(std::min(left, 5) - 1);
    left -= chunks;
    text += fmt::format("{}{}@{}:{}", text.empty() ? "" : ",", kNames[chance.below(3)],
                        chance.below(static_cast<uint64_t>(workers)), chunks);
  }
  return text;
}

}  // namespace

Scenario randomScenario(uint64_t seed) {
  Chance chance(seed);
  Scenario scenario;
  scenario.workers = 2 + chance.upTo(4);
  scenario.slots = 1 + chance.upTo(kMaxSlots - 1);
  const std::string operations = randomOperations(chance, scenario.workers);
  scenario.operations = operationsFrom(operations, scenario.workers);
  scenario.hasControl = chance.below(4) != 0;
  scenario.overlaps = chance.below(3) == 0;
  scenario.epochs = scenario.hasControl ? 1 + chance.upTo(kMaxEpochs - 1) : 1;
  Budget& budget = scenario.budget;
  budget.losses = chance.upTo(12);
  budget.duplicates = chance.upTo(6);
  budget.earlyTimeouts = chance.upTo(6);
  budget.crashes = scenario.hasControl ? chance.upTo(3) : uint8_t{0};
  budget.deaths = scenario.hasControl && chance.below(4) == 0 ? 1 : 0;
  scenario.name = fmt::format(
      "walk, {} workers, {} slots, {}, {} epochs, {} losses, {} duplicates, {} early time-outs, {} "
      "crashes, {} deaths{}",
      scenario.workers, scenario.slots, operations, scenario.epochs, budget.losses,
      budget.duplicates, budget.earlyTimeouts, budget.crashes, budget.deaths,
      scenario.overlaps ? ", overlapping" : "");
  return scenario;
}

Walk walk(const Scenario& scenario, uint64_t seed) {
  const Walk result = walkOnce(scenario, seed, false);
  return result.broken == Property::kHolds ? result : walkOnce(scenario, seed, true);
}

std::vector<TraceEvent> recordedWalk(const Scenario& scenario, uint64_t seed) {
  const Job job(scenario);
  Chance chance(seed);
  State state = initialState(job);
  Recorder recorder(job);
  for (uint64_t i = 0; i < kAllEvents && !isTerminal(job, state); ++i) {
    Event event{};
    if (!chooseEvent(job, state, i < kWildEvents, chance, event)) break;
    const bool isDecision =
        event.kind == EventKind::kDecideNetwork || event.kind == EventKind::kDecideHost;
    if (isDecision) event.index = 0;
    const State next = after(job, state, event);
    recorder.record(state, event, next);
    state = next;
  }
  return recorder.trace();
}

}  // namespace inccl::ina_model
