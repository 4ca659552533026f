// Which elements of a vector a chunk of a slice is.
//
// A vector is cut into slices as evenly as possible, each slice into the schedule's chunks as
// evenly as possible: the first ones are one element longer. There are as few slices as it takes
// for every chunk to fit into one message. So position and length of every chunk of every slice are
// a formula, no table, and the same on all ranks, provided that they agree on the size of a
// message. Divisions are done once per call and per slice, not per step.
//
// Blocks of different lengths have as many slices as the longest one needs, so that all lanes count
// the same slices; each block is cut evenly into that many, and some may be empty.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace inccl::exec {

struct ElementRange {
  uint64_t first = 0;
  uint64_t length = 0;

  // Behind the last one; the largest number that there is where it would be beyond that.
  [[nodiscard]] constexpr uint64_t end() const {
    return length > UINT64_MAX - first ? UINT64_MAX : first + length;
  }
};

// `total` elements cut into `parts`.
class EvenSplit {
 public:
  EvenSplit() = default;
  EvenSplit(uint64_t total, uint64_t parts)
      : shorter_(total / parts), longerParts_(total % parts) {}

  [[nodiscard]] ElementRange part(uint64_t index) const { return {first(index), length(index)}; }
  [[nodiscard]] uint64_t first(uint64_t index) const {
    return index * shorter_ + std::min(index, longerParts_);
  }
  [[nodiscard]] uint64_t length(uint64_t index) const {
    return shorter_ + (index < longerParts_ ? 1 : 0);
  }

 private:
  uint64_t shorter_ = 0;
  uint64_t longerParts_ = 0;
};

class Slicing {
 public:
  Slicing() = default;
  // At least one element must fit into a message.
  Slicing(uint64_t count, uint32_t chunks, size_t elementBytes, size_t messageBytes)
      : chunks_(chunks) {
    const uint64_t perSlice = uint64_t{chunks} * (messageBytes / elementBytes);
    sliceCount_ = std::max<uint64_t>(1, count / perSlice + (count % perSlice != 0 ? 1 : 0));
    slices_ = EvenSplit(count, sliceCount_);
  }

  // The same slices and chunks of another vector that is not longer.
  [[nodiscard]] Slicing of(uint64_t count) const {
    Slicing other = *this;
    other.slices_ = EvenSplit(count, sliceCount_);
    return other;
  }

  // An empty vector has one slice of empty chunks: its messages still are sent.
  [[nodiscard]] uint64_t sliceCount() const { return sliceCount_; }
  [[nodiscard]] uint64_t firstElement(uint64_t slice) const { return slices_.first(slice); }
  // Relative to the slice's first element.
  [[nodiscard]] EvenSplit chunks(uint64_t slice) const { return {slices_.length(slice), chunks_}; }
  [[nodiscard]] uint64_t longestChunk() const { return chunks(0).length(0); }

 private:
  uint32_t chunks_ = 1;
  uint64_t sliceCount_ = 1;
  EvenSplit slices_;
};

}  // namespace inccl::exec
