#include "switch/pipeline/lane_banks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace inccl::pipeline {
LaneBanks::LaneBanks(Pipeline& pipeline, const std::string& name, uint32_t firstStage,
                     uint32_t lanes, uint32_t entries)
    : lanes_(lanes),
      lanesOfBank_(std::min(lanes, pipeline.profile().lanesOfPipe)),
      lanesReadInPass_(pipeline.profile().readsPairs ? lanesOfBank_ : (lanesOfBank_ + 1) / 2),
      memory_(size_t{entries} * lanes) {
  const uint32_t banks = (lanes + lanesOfBank_ - 1) / lanesOfBank_;
  for (uint32_t pipe = 0; pipe < banks; ++pipe) {
    banks_.push_back({{pipe, firstStage}, {}});
    if (pipeline.profile().arraysOfStage == Profile::kUnlimited) {
      pipeline.declare({name, {pipe, firstStage}, 1, entries, 32 * lanes, false});
      continue;
    }
    const uint32_t pairs = (lanesOfBank_ + 1) / 2, ofStage = pipeline.profile().arraysOfStage;
    for (uint32_t done = 0; done < pairs; done += ofStage)
      pipeline.declare({fmt::format("{}[{}]", name, pipe * lanesOfBank_ + 2 * done),
                        {pipe, firstStage + done / ofStage},
                        std::min(ofStage, pairs - done),
                        entries,
                        64,
                        false});
  }
}

void LaneBanks::pass(Pass& pass, size_t entry, Write write, reduce::ReduceFn combine,
                     std::span<const std::byte> in, std::span<std::byte> out) {
  uint32_t* const lanes = lanesOf(entry);
  const size_t lanesIn = write == Write::kNothing ? 0 : in.size() / kLaneBytes;
  uint32_t pipe = 0;
  bool met = false;  // whether this pass has met the bank of `pipe`
  for (size_t first = 0; first < lanesIn; first += lanesOfBank_) {
    if (first > 0) pass.recirculate(++pipe);
    meet(pass, banks_[pipe]);
    met = true;
    const size_t count = std::min<size_t>(lanesOfBank_, lanesIn - first);
    const std::byte* const source = in.data() + first * kLaneBytes;
    if (write == Write::kSet)
      std::memcpy(lanes + first, source, count * kLaneBytes);
    else
      combine(lanes + first, lanes + first, source, count);
  }
  // The half of the bank that was met last is read in the same pass, every other in one of its own.
  const size_t lanesOut = out.size() / kLaneBytes;
  size_t passes = (lanesOut + lanesReadInPass_ - 1) / lanesReadInPass_;
  if (met && passes > 0) --passes;
  for (size_t read = 0; read < passes; ++read) {
    const auto from = static_cast<uint32_t>(read * lanesReadInPass_ / lanesOfBank_);
    if (met || read > 0) pass.recirculate(from);
    meet(pass, banks_[from]);
  }
  if (!out.empty()) std::memcpy(out.data(), lanes, out.size());
}

}  // namespace inccl::pipeline
