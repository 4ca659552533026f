#include "schedule/msccl_places.h"

namespace inccl::schedule::msccl {

Places::Places(const Schedule& layout, bool onlyInPlace, int rank)
    : layout_(layout),
      onlyInPlace_(onlyInPlace),
      rank_(rank),
      inputs_(layout.inputChunks),
      outputs_(layout.outputChunks),
      scratch_(layout.scratchChunks),
      state_(count()) {}

// Inputs, then outputs, then scratch. In place the smaller of input and output lies in this rank's
// block of the larger one, and goes by its numbers.
std::optional<Place> Places::find(Buffer buffer, uint32_t index) const {
  const uint32_t ownBlock = blockChunks(layout_) * static_cast<uint32_t>(rank_);
  switch (buffer) {
    case Buffer::kInput:
      if (index >= inputs_) return std::nullopt;
      return onlyInPlace_ && inputs_ < outputs_ ? inputs_ + ownBlock + index : index;
    case Buffer::kOutput:
      if (index >= outputs_) return std::nullopt;
      if (!onlyInPlace_ || inputs_ < outputs_) return inputs_ + index;
      return inputs_ > outputs_ ? ownBlock + index : index;
    case Buffer::kScratch:
      break;
  }
  if (index >= layout_.scratchChunks) return std::nullopt;
  return inputs_ + outputs_ + index;
}

std::optional<uint32_t> Places::asInput(Place place) const {
  if (!hasInput(layout_, rank_)) return std::nullopt;
  if (place < inputs_) return place;
  const uint32_t block = blockChunks(layout_);
  const uint32_t ownBlock = inputs_ + block * static_cast<uint32_t>(rank_);
  if (onlyInPlace_ && inputs_ < outputs_ && place >= ownBlock && place < ownBlock + block)
    return place - ownBlock;
  return std::nullopt;
}

std::optional<uint32_t> Places::asOutput(Place place) const {
  if (!hasOutput(layout_, rank_)) return std::nullopt;
  if (place >= inputs_)
    return place < inputs_ + outputs_ ? std::optional(place - inputs_) : std::nullopt;
  if (!onlyInPlace_) return std::nullopt;
  if (inputs_ == outputs_) return place;
  const uint32_t block = blockChunks(layout_);
  const uint32_t ownBlock = block * static_cast<uint32_t>(rank_);
  if (inputs_ > outputs_ && place >= ownBlock && place < ownBlock + block) return place - ownBlock;
  return std::nullopt;
}

void Places::noteWrite(Place place) {
  State& state = state_[place];
  if (state.isWritten) return;
  state.isWritten = true;
  if (!asOutput(place) && place < inputs_ + outputs_) state.extraScratch = scratch_++;
}

ChunkRef Places::home(Place place) const {
  if (const auto output = asOutput(place)) return {Buffer::kOutput, *output};
  if (place >= inputs_ + outputs_) return {Buffer::kScratch, place - inputs_ - outputs_};
  if (state_[place].isWritten) return {Buffer::kScratch, state_[place].extraScratch};
  if (const auto input = asInput(place)) return {Buffer::kInput, *input};
  // Read and never written: the plan is wrong, and whoever proves it will say so.
  return place < inputs_ ? ChunkRef{Buffer::kInput, place}
                         : ChunkRef{Buffer::kOutput, place - inputs_};
}

ChunkRef Places::current(Place place) const {
  const auto input = asInput(place);
  if (input && !state_[place].written) return {Buffer::kInput, *input};
  return home(place);
}

std::vector<std::pair<ChunkRef, ChunkRef>> Places::untouchedResults() const {
  std::vector<std::pair<ChunkRef, ChunkRef>> copies;
  for (Place place = 0; place < inputs_ + outputs_; ++place) {
    const auto input = asInput(place), output = asOutput(place);
    if (input && output && !state_[place].isWritten)
      copies.push_back({{Buffer::kInput, *input}, {Buffer::kOutput, *output}});
  }
  return copies;
}

}  // namespace inccl::schedule::msccl
