#include "ina/model/explorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "ina/model/events.h"
#include "ina/model/reductions.h"
#include "ina/model/state_set.h"

namespace inccl::ina_model {
namespace {

// States in the order in which they were found, each in as many bytes as it needs.
class StateQueue {
 public:
  void push(const State& state) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&state);
    pushed_.insert(pushed_.end(), bytes, bytes + usedBytes(state));
  }
  // False where both the current and the next level are used up.
  bool pop(State& state, bool& isNextLevel) {
    isNextLevel = at_ == current_.size();
    if (isNextLevel) {
      if (pushed_.empty()) return false;
      current_.swap(pushed_);
      pushed_.clear();
      at_ = 0;
    }
    std::memcpy(static_cast<void*>(&state), current_.data() + at_, offsetof(State, packets));
    std::memcpy(static_cast<void*>(&state), current_.data() + at_, usedBytes(state));
    at_ += usedBytes(state);
    return true;
  }

 private:
  std::vector<unsigned char> current_, pushed_;
  size_t at_ = 0;
};

class Explorer {
 public:
  Explorer(const Job& job, const Limits& limits)
      : job_(job), limits_(limits), interchangeable_(interchangeableRanks(job)) {}

  Exploration run() {
    const auto begin = std::chrono::steady_clock::now();
    search();
    if (found_.broken == Property::kHolds && found_.isComplete && limits_.checksProgress) {
      checkProgress();
    }
    found_.states = seen_.size();
    found_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return std::move(found_);
  }

 private:
  void search() {
    const State first = initialState(job_);
    seen_.insert(fingerprint(first), StateSet::kNoParent, 0);
    queue_.push(first);
    State state;
    bool isNextLevel = false;
    for (uint32_t number = 0; queue_.pop(state, isNextLevel); ++number) {
      if (isNextLevel) ++found_.depth;
      if (!expand(state, number)) return;
      if (seen_.size() > limits_.states) return;
    }
    --found_.depth;
    found_.isComplete = true;
  }

  Fingerprint fingerprint(const State& state) const {
    return fingerprintOfOrbit(job_, state, interchangeable_);
  }

  // What reductions must leave as it is. Of a rank that has failed nobody sees more.
  void collectView(const State& state) {
    std::vector<uint16_t> view;
    for (int i = 0; i < job_.workers; ++i) {
      const Worker& w = state.workers[i];
      view.push_back(static_cast<uint16_t>(w.fate));
      if (w.fate == Fate::kFine) view.insert(view.end(), {w.got, w.begun, w.control});
    }
    found_.views.insert(std::move(view));
  }

  // False: a counterexample was found.
  bool expand(const State& state, uint32_t number) {
    listEvents(job_, state, events_);
    if (limits_.collectsViews) collectView(state);
    if (limits_.checksProgress) {
      firstEdge_.push_back(edges_.size());
      isEnd_.push_back(events_.empty() && isTerminal(job_, state));
    }
    for (size_t i = 0; i < events_.size(); ++i) {
      const State next = after(job_, state, events_[i]);
      ++found_.events;
      const auto place = seen_.insert(fingerprint(next), number, static_cast<uint16_t>(i));
      if (limits_.checksProgress) edges_.push_back(place.number);
      if (!place.isNew) continue;
      if (brokenIn(next) != Property::kHolds) {
        found_.broken = brokenIn(next);
        found_.isComplete = true;
        found_.trace = traceTo(place.number);
        return false;
      }
      queue_.push(next);
    }
    return true;
  }

  // Marks backwards from the ends; the first state that stays unmarked is stuck.
  void checkProgress() {
    firstEdge_.push_back(edges_.size());
    const uint32_t count = seen_.size();
    std::vector<uint64_t> into(count + 1, 0);
    for (const uint32_t target : edges_) ++into[target + 1];
    for (uint32_t i = 0; i < count; ++i) into[i + 1] += into[i];
    std::vector<uint32_t> sources(edges_.size());
    std::vector<uint64_t> filled(into.begin(), into.end() - 1);
    for (uint32_t from = 0; from < count; ++from) {
      for (uint64_t e = firstEdge_[from]; e < firstEdge_[from + 1]; ++e) {
        sources[filled[edges_[e]]++] = from;
      }
    }
    std::vector<uint32_t> marked;
    for (uint32_t i = 0; i < count; ++i) {
      if (isEnd_[i]) marked.push_back(i);
    }
    while (!marked.empty()) {
      const uint32_t target = marked.back();
      marked.pop_back();
      for (uint64_t e = into[target]; e < into[target + 1]; ++e) {
        if (isEnd_[sources[e]]) continue;
        isEnd_[sources[e]] = true;
        marked.push_back(sources[e]);
      }
    }
    const auto stuck = std::find(isEnd_.begin(), isEnd_.end(), false);
    if (stuck == isEnd_.end()) return;
    found_.broken = Property::kStuck;
    found_.trace = traceTo(static_cast<uint32_t>(stuck - isEnd_.begin()));
  }

  std::vector<std::string> traceTo(uint32_t number) {
    std::vector<uint16_t> path;
    for (; seen_.parentOf(number) != StateSet::kNoParent; number = seen_.parentOf(number)) {
      path.push_back(seen_.eventOf(number));
    }
    std::vector<std::string> lines;
    std::vector<Event> events;
    State state = initialState(job_);
    for (; !path.empty(); path.pop_back()) {
      listEvents(job_, state, events);
      lines.push_back(describe(job_, state, events[path.back()]));
      state = after(job_, state, events[path.back()]);
    }
    return lines;
  }

  const Job& job_;
  const Limits limits_;
  const std::vector<int> interchangeable_;
  StateSet seen_;
  StateQueue queue_;
  std::vector<Event> events_;
  std::vector<uint64_t> firstEdge_;
  std::vector<uint32_t> edges_;
  std::vector<bool> isEnd_;  // or leads to one
  Exploration found_;
};

}  // namespace

const char* propertyName(Property property) {
  switch (property) {
    case Property::kHolds:
      return "holds";
    case Property::kWrongResult:
      return "WRONG RESULT";
    case Property::kRanksApart:
      return "RANKS TOO FAR APART";
    case Property::kStuck:
      return "STUCK";
    case Property::kTooSmallBounds:
      return "the model has no room for a packet";
  }
  return "?";
}

Property brokenIn(const State& state) {
  if (state.isWrong != 0) return Property::kWrongResult;
  if (state.isApart != 0) return Property::kRanksApart;
  return state.isOverfull != 0 ? Property::kTooSmallBounds : Property::kHolds;
}

Exploration explore(const Job& job, const Limits& limits) { return Explorer(job, limits).run(); }

std::string report(const Scenario& scenario, const Exploration& exploration) {
  std::string text = fmt::format(
      "{}: {} states, {} events, depth {}, {:.1f} s: {}{}\n", scenario.name, exploration.states,
      exploration.events, exploration.depth, exploration.seconds, propertyName(exploration.broken),
      exploration.isComplete ? "" : ", as far as the limit of states let it look");
  int step = 0;
  for (const std::string& line : exploration.trace)
    text += fmt::format("  {:2} {}\n", ++step, line);
  return text;
}

}  // namespace inccl::ina_model
