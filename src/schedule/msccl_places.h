// Where the places of an MSCCL plan lie in our three buffers.
//
// MSCCL lets a plan write into its input, and an in-place plan call one memory by two names. Ours
// only reads the input, and has to be right out of place too. So each place of the plan gets a
// home:
//   - what ends as result lives in that chunk of our output;
//   - everything else that is written lives in scratch;
//   - what is only read stays in the input.
// Where a place starts as input and is written later, reads before the first write take the input
// itself, later ones the home; a result that nobody writes is copied. "Before" is any order in
// which the steps of the rank can run: two orders would only differ for a plan with a race.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "schedule/msccl_document.h"
#include "schedule/schedule.h"

namespace inccl::schedule::msccl {

// A place of one rank's memory, by a number; two names of one memory have the same.
using Place = uint32_t;

class Places {
 public:
  // `layout` has collective, rank count, root and chunk counts (scratch: as the plan says).
  Places(const Schedule& layout, bool onlyInPlace, int rank);

  [[nodiscard]] uint32_t count() const { return inputs_ + outputs_ + layout_.scratchChunks; }
  // Nothing when the buffer has no such chunk.
  [[nodiscard]] std::optional<Place> find(Buffer buffer, uint32_t index) const;
  // Somebody writes here. To be said of all before homes are asked for.
  void noteWrite(Place place);

  [[nodiscard]] ChunkRef home(Place place) const;
  // What a read finds at this point of the program: the input until wroteNow().
  [[nodiscard]] ChunkRef current(Place place) const;
  void wroteNow(Place place) { state_[place].written = true; }

  [[nodiscard]] bool isWritten(Place place) const { return state_[place].isWritten; }
  // Results that are inputs and that nobody writes: from, to.
  [[nodiscard]] std::vector<std::pair<ChunkRef, ChunkRef>> untouchedResults() const;
  // With those that were added for what the plan writes elsewhere.
  [[nodiscard]] uint32_t scratchChunks() const { return scratch_; }

 private:
  struct State {
    bool isWritten = false;  // at some time
    bool written = false;    // by now
    uint32_t extraScratch = UINT32_MAX;
  };
  [[nodiscard]] std::optional<uint32_t> asInput(Place place) const;
  [[nodiscard]] std::optional<uint32_t> asOutput(Place place) const;

  const Schedule& layout_;
  bool onlyInPlace_;
  int rank_;
  uint32_t inputs_, outputs_;
  uint32_t scratch_;
  std::vector<State> state_;
};

}  // namespace inccl::schedule::msccl
