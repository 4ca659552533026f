// Walks a buffer period by period.
#include "perf/data_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "perf/mix.h"

namespace inccl::perf {
namespace {

// Calls visit(byte offset) for each element that differs.
template <typename Visit>
void forEachDifference(const std::byte* left, const std::byte* right, size_t bytes, size_t element,
                       Visit visit) {
  if (bytes == 0 || std::memcmp(left, right, bytes) == 0) return;
  for (size_t at = 0; at < bytes; at += element)
    if (std::memcmp(left + at, right + at, element) != 0) visit(at);
}

}  // namespace

DataTable::DataTable(std::vector<std::byte> period, size_t elementBytes)
    : period_(std::move(period)), elementBytes_(elementBytes) {}

template <typename Visit>
void DataTable::forEachPiece(size_t count, Visit visit) const {
  const size_t period = period_.size() / elementBytes_;
  size_t block = 0;
  for (size_t start = 0; start < count; start += period, ++block) {
    const size_t length = std::min(period, count - start);
    const size_t rotation = block == 0 ? 0 : mix(block) % period;
    const size_t head = std::min(length, period - rotation);
    visit(start * elementBytes_, rotation * elementBytes_, head * elementBytes_);
    visit((start + head) * elementBytes_, 0, (length - head) * elementBytes_);
  }
}

void DataTable::fill(void* buffer, size_t count) const {
  auto* bytes = static_cast<std::byte*>(buffer);
  forEachPiece(count, [&](size_t to, size_t from, size_t length) {
    if (length > 0) std::memcpy(bytes + to, period_.data() + from, length);
  });
}

DataTable::Mismatches DataTable::compare(const void* buffer, size_t count) const {
  const auto* bytes = static_cast<const std::byte*>(buffer);
  Mismatches found;
  forEachPiece(count, [&](size_t at, size_t from, size_t length) {
    forEachDifference(bytes + at, period_.data() + from, length, elementBytes_, [&](size_t offset) {
      if (found.count++ == 0) found.first = (at + offset) / elementBytes_;
    });
  });
  return found;
}

}  // namespace inccl::perf
