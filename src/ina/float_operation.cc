#include "ina/float_operation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "ina/op_tag.h"
#include "reduce/fixed_point.h"

namespace inccl::ina {
namespace {

using reduce::kFixedPointBlock;
using wire::LaneOp;
using wire::LaneType;
using wire::PacketKind;

// Ranks with +Inf, -Inf and NaN in an element: 10 bits each, enough for 1,023.
constexpr uint32_t kPlusShift = 0, kMinusShift = 10, kNanShift = 20, kCountMask = 1023;

uint32_t classOf(float x) {
  if (std::isnan(x)) return 1u << kNanShift;
  if (std::isinf(x)) return 1u << (x > 0 ? kPlusShift : kMinusShift);
  return 0;
}

float resultOf(uint32_t counts, float finite) {
  const bool plus = (counts >> kPlusShift & kCountMask) != 0;
  const bool minus = (counts >> kMinusShift & kCountMask) != 0;
  const bool nan = (counts >> kNanShift & kCountMask) != 0;
  if (nan || (plus && minus)) return std::bit_cast<float>(0x7fc00000u);
  if (plus) return std::numeric_limits<float>::infinity();
  return minus ? -std::numeric_limits<float>::infinity() : finite;
}

// No exponent of a block: not asked for yet.
constexpr int16_t kUnknown = INT16_MIN + 1;

uint64_t divideUp(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

size_t lanesOf(size_t payloadBytes) {
  return std::bit_floor(std::min(payloadBytes / 4, wire::kMostElements));
}

std::span<const std::byte> bytesOf(const int16_t* exponents, size_t count) {
  return std::as_bytes(std::span(exponents, count));
}

template <typename Vector>
void growTo(Vector& vector, size_t size) {
  if (vector.size() < size) vector.resize(size);
}

}  // namespace

std::string_view FloatOperation::whyNot(const OpSignature& signature) {
  if (signature.collective != Collective::kAllReduce && signature.collective != Collective::kReduce)
    return "a switch sums no floats in it";
  if (signature.type != DataType::kFloat32) return "its type has no quantiser";
  const bool isSum = signature.op == RedOp::kSum || signature.op == RedOp::kAvg ||
                     signature.op == RedOp::kPreMulSum;
  return isSum ? std::string_view() : "a switch only sums floats";
}

FloatOperation::FloatOperation(const FloatCall& call, uint32_t slots, size_t payloadBytes,
                               FloatRoom& room)
    : call_(call),
      slots_(slots),
      lanes_(lanesOf(payloadBytes)),
      blocks_(divideUp(call.signature.count, kFixedPointBlock)),
      opTag_(opTagOf(call.tag, call.rankCount)),
      room_(room) {}

// Only now is the room this operation's: in a group others were made since.
void FloatOperation::takeRoom() {
  growTo(room_.payloads, slots_ * lanes_);
  growTo(room_.exponents, slots_ * wire::kMostExponents);
  room_.own.assign(blocks_, kUnknown);
  room_.agreed.assign(blocks_, kUnknown);
  room_.marked.clear();
}

// The next phase is known when the one before has come back.
uint64_t FloatOperation::chunks() {
  if (known_ == 0) takeRoom();
  const uint64_t count = call_.signature.count;
  const uint64_t partsOfBlock = divideUp(kFixedPointBlock, lanes_);
  while (known_ < kPhases) {
    begins_[known_] = end_;
    switch (static_cast<Phase>(known_)) {
      case Phase::kFirstExponents:
        end_ += divideUp(std::min<uint64_t>(blocks_, divideUp(slots_ * lanes_, kFixedPointBlock)),
                         lanes_);
        break;
      case Phase::kData:
        end_ += divideUp(count, lanes_);
        break;
      case Phase::kMarkedExponents:
        std::ranges::sort(room_.marked);
        growTo(room_.agreedMarked, room_.marked.size());
        growTo(room_.classes, room_.marked.size() * kFixedPointBlock);
        end_ += divideUp(room_.marked.size(), lanes_);
        break;
      case Phase::kClasses:
      case Phase::kValues:
        end_ += room_.marked.size() * partsOfBlock;
        break;
    }
    // A phase without chunks is over at once.
    if (end_ > begins_[known_++]) break;
  }
  return end_;
}

FloatOperation::Place FloatOperation::place(uint64_t chunk) const {
  uint32_t phase = known_ - 1;
  while (phase > 0 && chunk < begins_[phase]) --phase;
  return {static_cast<Phase>(phase), chunk - begins_[phase]};
}

FloatOperation::Range FloatOperation::dataOf(uint64_t number) const {
  const size_t first = std::min<size_t>(number * lanes_, call_.signature.count);
  return {first, std::min<size_t>(lanes_, call_.signature.count - first)};
}

FloatOperation::Range FloatOperation::blocksOf(const Range& elements) const {
  if (elements.count == 0) return {};
  const size_t first = elements.first / kFixedPointBlock;
  return {first, (elements.first + elements.count - 1) / kFixedPointBlock - first + 1};
}

FloatOperation::Range FloatOperation::blockElements(size_t block) const {
  const size_t first = block * kFixedPointBlock;
  return {first, std::min<size_t>(kFixedPointBlock, call_.signature.count - first)};
}

// Of the data chunk that uses the same slot next.
FloatOperation::Range FloatOperation::laterBlocks(uint64_t number) const {
  return blocksOf(dataOf(number + slots_));
}

// The last parts of a block that is cut off by the vector's end are empty.
FloatOperation::MarkedPart FloatOperation::markedPart(uint64_t number) const {
  const uint64_t parts = divideUp(kFixedPointBlock, lanes_);
  MarkedPart part;
  part.index = static_cast<size_t>(number / parts);
  const Range block = blockElements(room_.marked[part.index]);
  const size_t length = std::min(lanes_, kFixedPointBlock);
  const size_t offset = std::min<size_t>((number % parts) * length, block.count);
  part.elements = {block.first + offset, std::min(length, block.count - offset)};
  return part;
}

bool FloatOperation::receives() const {
  return call_.signature.collective == Collective::kAllReduce || call_.rank == call_.signature.root;
}

ChunkShape FloatOperation::shape(uint64_t chunk) const {
  const auto [phase, number] = place(chunk);
  ChunkShape shape;
  switch (phase) {
    case Phase::kFirstExponents:
    case Phase::kMarkedExponents: {
      const size_t all =
          phase == Phase::kMarkedExponents
              ? room_.marked.size()
              : std::min<size_t>(blocks_, divideUp(slots_ * lanes_, kFixedPointBlock));
      shape.kind = PacketKind::kExponents;
      shape.type = LaneType::kExponent16;
      shape.op = LaneOp::kMax;
      shape.elements = static_cast<uint16_t>(std::min<size_t>(lanes_, all - number * lanes_));
      return shape;
    }
    case Phase::kData:
      shape.elements = static_cast<uint16_t>(dataOf(number).count);
      shape.exponents = static_cast<uint16_t>(laterBlocks(number).count);
      break;
    case Phase::kClasses:
    case Phase::kValues:
      shape.elements = static_cast<uint16_t>(markedPart(number).elements.count);
      break;
  }
  shape.type = shape.elements == 0 ? LaneType::kNone : LaneType::kFixed32;
  shape.op = shape.elements == 0 ? LaneOp::kNone : LaneOp::kSum;
  shape.wants = receives();
  return shape;
}

int32_t* FloatOperation::payloadRoom(uint64_t chunk) {
  return room_.payloads.data() + (chunk % slots_) * lanes_;
}

// Looked for once, before anything of the block was sent: in place, results of a part of it change
// it while other parts are still under way, and what is sent again must be what was sent before.
int16_t FloatOperation::ownExponent(size_t block) {
  int16_t& exponent = room_.own[block];
  if (exponent == kUnknown) {
    const Range elements = blockElements(block);
    exponent = reduce::blockExponent(call_.send + elements.first, elements.count);
  }
  return exponent;
}

// Under the largest of its finite elements.
int16_t FloatOperation::finiteExponent(size_t block) const {
  const Range elements = blockElements(block);
  std::array<float, kFixedPointBlock> finite;
  for (size_t i = 0; i < elements.count; ++i) {
    const float x = call_.send[elements.first + i];
    finite[i] = std::isfinite(x) ? x : 0;
  }
  return reduce::blockExponent(finite.data(), elements.count);
}

std::span<const std::byte> FloatOperation::payload(uint64_t chunk) {
  const auto [phase, number] = place(chunk);
  int32_t* const room = payloadRoom(chunk);
  const size_t count = shape(chunk).elements;
  switch (phase) {
    case Phase::kData:
      quantise(dataOf(number), room);
      break;
    case Phase::kClasses:
      classify(markedPart(number).elements, room);
      break;
    case Phase::kValues:
      quantiseFinite(markedPart(number), room);
      break;
    case Phase::kFirstExponents:
    case Phase::kMarkedExponents: {
      auto* const exponents = reinterpret_cast<int16_t*>(room);
      for (size_t i = 0; i < count; ++i) {
        const size_t index = number * lanes_ + i;
        exponents[i] = phase == Phase::kMarkedExponents ? finiteExponent(room_.marked[index])
                                                        : ownExponent(index);
      }
      return bytesOf(exponents, count);
    }
  }
  return std::as_bytes(std::span(room, count));
}

std::span<const std::byte> FloatOperation::exponents(uint64_t chunk) {
  const Range blocks = laterBlocks(place(chunk).number);
  int16_t* const room = room_.exponents.data() + (chunk % slots_) * wire::kMostExponents;
  for (size_t i = 0; i < blocks.count; ++i) room[i] = ownExponent(blocks.first + i);
  return bytesOf(room, blocks.count);
}

// Block by block: blocks of zeros, and marked ones, are zeros.
void FloatOperation::quantise(const Range& elements, int32_t* to) const {
  for (size_t done = 0; done < elements.count;) {
    const size_t first = elements.first + done;
    const size_t count =
        std::min(elements.count - done, kFixedPointBlock - first % kFixedPointBlock);
    const int16_t exponent = room_.agreed[first / kFixedPointBlock];
    if (exponent == reduce::kZeroBlock || exponent == reduce::kNotFiniteBlock) {
      std::fill_n(to + done, count, 0);
    } else {
      reduce::toFixedPoint(
          to + done, call_.send + first, count,
          reduce::fixedPointScale(exponent, static_cast<uint32_t>(call_.rankCount)));
    }
    done += count;
  }
}

// Marked blocks are left alone: in place their values are still to be sent.
void FloatOperation::dequantise(const Range& elements, const int32_t* from) {
  for (size_t done = 0; done < elements.count;) {
    const size_t first = elements.first + done;
    const size_t count =
        std::min(elements.count - done, kFixedPointBlock - first % kFixedPointBlock);
    const int16_t exponent = room_.agreed[first / kFixedPointBlock];
    if (exponent == reduce::kZeroBlock) {
      std::fill_n(call_.recv + first, count, 0.0f);
    } else if (exponent != reduce::kNotFiniteBlock) {
      reduce::fromFixedPoint(
          call_.recv + first, from + done, count,
          reduce::fixedPointScale(exponent, static_cast<uint32_t>(call_.rankCount)));
    }
    done += count;
  }
}

// Of each block all chunks bring the same.
void FloatOperation::noteAgreed(const Range& blocks, std::span<const std::byte> exponents) {
  for (size_t i = 0; i < blocks.count; ++i) {
    const size_t block = blocks.first + i;
    const bool isFirst = room_.agreed[block] == kUnknown;
    std::memcpy(&room_.agreed[block], exponents.data() + 2 * i, sizeof(int16_t));
    if (isFirst && room_.agreed[block] == reduce::kNotFiniteBlock)
      room_.marked.push_back(static_cast<uint32_t>(block));
  }
}

void FloatOperation::classify(const Range& elements, int32_t* to) const {
  for (size_t i = 0; i < elements.count; ++i)
    to[i] = static_cast<int32_t>(classOf(call_.send[elements.first + i]));
}

void FloatOperation::quantiseFinite(const MarkedPart& part, int32_t* to) const {
  const int16_t exponent = room_.agreedMarked[part.index];
  if (exponent == reduce::kZeroBlock) {
    std::fill_n(to, part.elements.count, 0);
    return;
  }
  const int k = reduce::fixedPointScale(exponent, static_cast<uint32_t>(call_.rankCount));
  for (size_t i = 0; i < part.elements.count; ++i) {
    const float x = call_.send[part.elements.first + i];
    const float finite = std::isfinite(x) ? x : 0;
    reduce::toFixedPoint(to + i, &finite, 1, k);
  }
}

void FloatOperation::takeClasses(const MarkedPart& part, std::span<const std::byte> sum) {
  const size_t place = part.index * kFixedPointBlock + part.elements.first % kFixedPointBlock;
  if (!sum.empty()) std::memcpy(room_.classes.data() + place, sum.data(), sum.size());
}

void FloatOperation::takeValues(const MarkedPart& part, std::span<const std::byte> sum) {
  if (sum.empty()) return;
  const size_t place = part.index * kFixedPointBlock + part.elements.first % kFixedPointBlock;
  std::array<int32_t, kFixedPointBlock> values;
  std::memcpy(values.data(), sum.data(), sum.size());
  const int16_t exponent = room_.agreedMarked[part.index];
  std::array<float, kFixedPointBlock> finite{};
  if (exponent != reduce::kZeroBlock)
    reduce::fromFixedPoint(
        finite.data(), values.data(), part.elements.count,
        reduce::fixedPointScale(exponent, static_cast<uint32_t>(call_.rankCount)));
  for (size_t i = 0; i < part.elements.count; ++i)
    call_.recv[part.elements.first + i] = resultOf(room_.classes[place + i], finite[i]);
}

void FloatOperation::take(uint64_t chunk, std::span<const std::byte> sum,
                          std::span<const std::byte> exponents) {
  const auto [phase, number] = place(chunk);
  switch (phase) {
    case Phase::kFirstExponents:
      return noteAgreed({static_cast<size_t>(number) * lanes_, sum.size() / 2}, sum);
    case Phase::kData:
      noteAgreed(laterBlocks(number), exponents);
      if (sum.empty()) return;
      std::memcpy(payloadRoom(chunk), sum.data(), sum.size());
      return dequantise(dataOf(number), payloadRoom(chunk));
    case Phase::kMarkedExponents:
      std::memcpy(room_.agreedMarked.data() + number * lanes_, sum.data(), sum.size());
      return;
    case Phase::kClasses:
      return takeClasses(markedPart(number), sum);
    case Phase::kValues:
      return takeValues(markedPart(number), sum);
  }
}

}  // namespace inccl::ina
