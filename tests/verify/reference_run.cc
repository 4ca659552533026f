#include "reference_run.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <tuple>

namespace inccl::verify {
namespace {

using namespace schedule;

constexpr size_t kSlots = 2;

// An element in two types: integers tell whether each contribution is there once, doubles whether
// it was added in the same order.
struct Number {
  uint64_t integer = 0;
  double real = 0;
  Number operator+(const Number& other) const {
    return {integer + other.integer, real + other.real};
  }
  bool sameBits(const Number& other) const {
    return integer == other.integer && std::memcmp(&real, &other.real, sizeof real) == 0;
  }
};

class ReferenceRun {
 public:
  ReferenceRun(const Schedule& schedule, bool inPlace, std::mt19937_64& random)
      : schedule_(schedule), inPlace_(inPlace), random_(random) {
    for (int rank = 0; rank < schedule.rankCount; ++rank) {
      inputs_.push_back(numbers(schedule.inputChunks));
      memory_.push_back(
          {inputs_[rank], numbers(schedule.outputChunks), numbers(schedule.scratchChunks)});
      done_.push_back(std::vector<size_t>(schedule.ranks[rank].lanes.size(), 0));
      for (uint32_t i = 0; sharesMemory(rank) && i < schedule.inputChunks; ++i)
        place(rank, {Buffer::kInput, i}) = inputs_[rank][i];
    }
  }

  // Runs until nothing can run; the lanes of `held` do not start.
  void run(int held = -1) {
    for (;;) {
      std::vector<StepPlace> ready;
      for (int rank = 0; rank < schedule_.rankCount; ++rank) {
        for (uint32_t lane = 0; rank != held && lane < done_[rank].size(); ++lane) {
          if (canRun(rank, lane))
            ready.push_back({rank, lane, static_cast<uint32_t>(done_[rank][lane])});
        }
      }
      if (ready.empty()) return;
      execute(ready[random_() % ready.size()]);
    }
  }

  [[nodiscard]] bool hasFinished(int rank) const {
    for (size_t lane = 0; lane < done_[rank].size(); ++lane) {
      if (done_[rank][lane] < schedule_.ranks[rank].lanes[lane].steps.size()) return false;
    }
    return true;
  }

  [[nodiscard]] std::string judge() {
    for (int rank = 0; rank < schedule_.rankCount; ++rank) {
      if (!hasFinished(rank)) return fmt::format("rank {} got stuck", rank);
    }
    for (const auto& [key, fifo] : fifos_) {
      if (!fifo.empty()) return "a message was not received";
    }
    for (uint32_t chunk = 0; chunk < schedule_.outputChunks; ++chunk) {
      for (int rank = 0; rank < schedule_.rankCount; ++rank) {
        if (!isRight(rank, chunk))
          return fmt::format("rank {} output chunk {} is wrong", rank, chunk);
      }
    }
    return "";
  }

 private:
  using FifoKey = std::tuple<int, int, uint32_t>;

  std::vector<Number> numbers(uint32_t count) {
    std::vector<Number> numbers(count);
    // Magnitudes far apart, so that another order of adding gives other bits nearly always.
    for (Number& it : numbers)
      it = {random_(),
            std::ldexp(static_cast<double>(random_() >> 11), static_cast<int>(random_() % 40))};
    return numbers;
  }

  // Where a call in place has one memory for both: wherever a rank has both at all.
  bool sharesMemory(int rank) const {
    if (!inPlace_) return false;
    switch (schedule_.collective) {
      case Collective::kAllReduce:
      case Collective::kAllGather:
      case Collective::kReduceScatter:
        return true;
      case Collective::kBroadcast:
      case Collective::kReduce:
      case Collective::kGather:
      case Collective::kScatter:
        return rank == schedule_.root;
      case Collective::kAllToAll:
      case Collective::kBarrier:
      case Collective::kSend:
      case Collective::kRecv:
        break;
    }
    return false;
  }

  Number& place(int rank, const ChunkRef& chunk) {
    std::array<std::vector<Number>, 3>& mine = memory_[rank];
    std::vector<Number>& input = mine[0];
    std::vector<Number>& output = mine[1];
    if (sharesMemory(rank) && chunk.buffer == Buffer::kInput && input.size() < output.size())
      return output[rank * input.size() + chunk.index];
    if (sharesMemory(rank) && chunk.buffer == Buffer::kInput && input.size() == output.size())
      return output[chunk.index];
    if (sharesMemory(rank) && chunk.buffer == Buffer::kOutput && input.size() > output.size())
      return input[rank * output.size() + chunk.index];
    return mine[static_cast<size_t>(chunk.buffer)][chunk.index];
  }

  bool canRun(int rank, uint32_t laneIndex) {
    const Lane& lane = schedule_.ranks[rank].lanes[laneIndex];
    if (done_[rank][laneIndex] == lane.steps.size()) return false;
    const Step& step = lane.steps[done_[rank][laneIndex]];
    for (const StepRef& before : step.after) {
      if (done_[rank][before.lane] <= before.step) return false;
    }
    if (receives(step.kind) && fifos_[{lane.recvPeer, rank, lane.channel}].empty()) return false;
    return !sends(step.kind) || fifos_[{rank, lane.sendPeer, lane.channel}].size() < kSlots;
  }

  void execute(const StepPlace& at) {
    const Lane& lane = schedule_.ranks[at.rank].lanes[at.lane];
    const Step& step = lane.steps[at.step];
    std::vector<Number> terms;
    for (const ChunkRef& source : step.sources) terms.push_back(place(at.rank, source));
    if (receives(step.kind)) {
      std::deque<Number>& fifo = fifos_[{lane.recvPeer, at.rank, lane.channel}];
      terms.push_back(fifo.front());
      fifo.pop_front();
    }
    if (!terms.empty()) {
      Number value = terms[0];
      for (size_t i = 1; i < terms.size(); ++i) value = value + terms[i];
      if (step.destination) place(at.rank, *step.destination) = value;
      if (sends(step.kind)) fifos_[{at.rank, lane.sendPeer, lane.channel}].push_back(value);
    }
    ++done_[at.rank][at.lane];
  }

  [[nodiscard]] uint64_t sumOf(uint32_t inputChunk) const {
    uint64_t sum = 0;
    for (const std::vector<Number>& input : inputs_) sum += input[inputChunk].integer;
    return sum;
  }

  bool isRight(int rank, uint32_t chunk) {
    const Number& held = place(rank, {Buffer::kOutput, chunk});
    const int ranks = schedule_.rankCount;
    const uint32_t perRank = schedule_.inputChunks / ranks;  // where inputs have a block per rank
    const bool isRoot = rank == schedule_.root;
    switch (schedule_.collective) {
      case Collective::kAllReduce:
        return held.integer == sumOf(chunk) && held.sameBits(place(0, {Buffer::kOutput, chunk}));
      case Collective::kReduce:
        return !isRoot || held.integer == sumOf(chunk);
      case Collective::kReduceScatter:
        return held.integer == sumOf(rank * perRank + chunk);
      case Collective::kBroadcast:
        return held.sameBits(inputs_[schedule_.root][chunk]);
      case Collective::kScatter:
        return held.sameBits(inputs_[schedule_.root][rank * perRank + chunk]);
      case Collective::kAllGather:
      case Collective::kGather:
        return (schedule_.collective == Collective::kGather && !isRoot) ||
               held.sameBits(inputs_[chunk / schedule_.inputChunks][chunk % schedule_.inputChunks]);
      case Collective::kAllToAll:
        return held.sameBits(inputs_[chunk / perRank][rank * perRank + chunk % perRank]);
      case Collective::kBarrier:
      case Collective::kSend:
      case Collective::kRecv:
        break;
    }
    return true;
  }

  const Schedule& schedule_;
  const bool inPlace_;
  std::mt19937_64& random_;
  std::vector<std::vector<Number>> inputs_;
  std::vector<std::array<std::vector<Number>, 3>> memory_;  // by rank and Buffer
  std::vector<std::vector<size_t>> done_;                   // steps finished, by rank and lane
  std::map<FifoKey, std::deque<Number>> fifos_;
};

}  // namespace

std::string runInRandomOrder(const Schedule& schedule, bool inPlace, std::mt19937_64& random) {
  ReferenceRun whole(schedule, inPlace, random);
  whole.run();
  std::string verdict = whole.judge();
  if (schedule.collective != Collective::kBarrier || !verdict.empty()) return verdict;
  for (int late = 0; late < schedule.rankCount; ++late) {
    ReferenceRun partial(schedule, inPlace, random);
    partial.run(late);
    for (int rank = 0; rank < schedule.rankCount; ++rank) {
      if (rank != late && partial.hasFinished(rank))
        return fmt::format("rank {} left without rank {}", rank, late);
    }
  }
  return "";
}

}  // namespace inccl::verify
