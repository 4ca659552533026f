#include "ina/rest_on_hosts.h"

#include <cstring>

#include "ina/lane_sum.h"

namespace inccl::ina {

bool RestOnHosts::isSettled(uint64_t chunk) const {
  const uint64_t ofJob = firstChunk_ + chunk;
  return ofJob / settled_.size() < settled_[ofJob % settled_.size()];
}

bool RestOnHosts::next() {
  batch_.clear();
  words_.clear();
  exponents_.clear();
  while (next_ < chunks_ && isSettled(next_)) ++next_;
  if (next_ == chunks_) {
    chunks_ = operation_.chunks();  // all so far are taken
    while (next_ < chunks_ && isSettled(next_)) ++next_;
    if (next_ == chunks_) return false;
  }
  const uint64_t end = next_ + settled_.size();
  while (next_ < std::min(end, chunks_)) {
    if (!isSettled(next_) && !add(next_)) break;
    ++next_;
  }
  return true;
}

// False: it is reduced otherwise than the batch.
bool RestOnHosts::add(uint64_t chunk) {
  const ChunkShape shape = operation_.shape(chunk);
  if (shape.kind == wire::PacketKind::kExponents) {
    const auto payload = operation_.payload(chunk);
    const size_t at = exponents_.size();
    exponents_.resize(at + shape.elements);
    std::memcpy(exponents_.data() + at, payload.data(), payload.size());
  } else {
    const DataType type = wordType(shape.type);
    const RedOp op = wordOp(shape.op);
    if (!words_.empty() && (type != type_ || op != op_)) return false;
    type_ = type;
    op_ = op;
    const size_t at = words_.size();
    words_.resize(at + shape.elements);
    if (shape.gives && shape.elements > 0) {
      const auto payload = operation_.payload(chunk);
      std::memcpy(words_.data() + at, payload.data(), payload.size());
    }
    if (shape.exponents > 0) {
      const auto given = operation_.exponents(chunk);
      const size_t place = exponents_.size();
      exponents_.resize(place + shape.exponents);
      std::memcpy(exponents_.data() + place, given.data(), given.size());
    }
  }
  batch_.push_back(chunk);
  return true;
}

void RestOnHosts::take() {
  const auto words = std::as_bytes(std::span(words_));
  const auto exponents = std::as_bytes(std::span(exponents_));
  size_t word = 0, exponent = 0;
  for (const uint64_t chunk : batch_) {
    const ChunkShape shape = operation_.shape(chunk);
    if (shape.kind == wire::PacketKind::kExponents) {
      operation_.take(chunk, exponents.subspan(2 * exponent, size_t{2} * shape.elements), {});
      exponent += shape.elements;
      continue;
    }
    const auto sum = words.subspan(4 * word, size_t{4} * shape.elements);
    operation_.take(chunk, shape.wants ? sum : std::span<const std::byte>(),
                    exponents.subspan(2 * exponent, size_t{2} * shape.exponents));
    word += shape.elements;
    exponent += shape.exponents;
  }
}

}  // namespace inccl::ina
