// See workload.h.
#include "workload.h"

#include <time.h>

#include <algorithm>
#include <string>

#include "die.h"

namespace inccl::peers {

namespace {

constexpr size_t kPatternPeriod = 251;
constexpr float kUntouched = -1.0F;

float patternAt(size_t i) { return static_cast<float>(i % kPatternPeriod + 1); }

}  // namespace

std::optional<Collective> collectiveNamed(std::string_view name) {
  if (name == "all_reduce") return Collective::kAllReduce;
  if (name == "broadcast") return Collective::kBroadcast;
  if (name == "all_gather") return Collective::kAllGather;
  if (name == "barrier") return Collective::kBarrier;
  return std::nullopt;
}

Workload::Workload(Peer& peer, MeetingPoint& ranks, Collective collective, size_t bytes,
                   BufferKind kind)
    : peer_(peer), ranks_(ranks), collective_(collective), kind_(kind) {
  size_t elements = std::max<size_t>(1, bytes / sizeof(float));
  auto n = static_cast<size_t>(ranks.ranks());
  switch (collective) {
    case Collective::kAllReduce:
    case Collective::kBroadcast:
      count_ = resultCount_ = elements;
      break;
    case Collective::kAllGather:
      count_ = std::max<size_t>(1, elements / n);
      resultCount_ = count_ * n;
      sent_ = allocate(count_);
      break;
    case Collective::kBarrier:
      return;
  }
  result_ = allocate(resultCount_);
  fill();
}

Workload::~Workload() {
  release(sent_);
  release(result_);
}

float* Workload::allocate(size_t elements) {
  size_t bytes = elements * sizeof(float);
  void* memory =
      kind_ == BufferKind::kLibrary ? peer_.allocate(bytes) : peer_.Peer::allocate(bytes);
  if (memory == nullptr) die("cannot allocate " + std::to_string(bytes) + " bytes");
  return static_cast<float*>(memory);
}

void Workload::release(float* memory) {
  if (memory == nullptr) return;
  if (kind_ == BufferKind::kLibrary) {
    peer_.release(memory);
  } else {
    peer_.Peer::release(memory);
  }
}

void Workload::fill() {
  auto scale = static_cast<float>(ranks_.rank() + 1);
  bool contributesInPlace = collective_ == Collective::kAllReduce || ranks_.rank() == 0;
  if (sent_ != nullptr) {
    for (size_t i = 0; i < count_; ++i) sent_[i] = patternAt(i) * scale;
    contributesInPlace = false;
  }
  for (size_t i = 0; i < resultCount_; ++i) {
    result_[i] = contributesInPlace ? patternAt(i) * scale : kUntouched;
  }
}

float Workload::expectedAt(size_t i) const {
  auto n = static_cast<float>(ranks_.ranks());
  switch (collective_) {
    case Collective::kAllReduce:
      return patternAt(i) * n * (n + 1) / 2;
    case Collective::kBroadcast:
      return patternAt(i);
    case Collective::kAllGather:
      return patternAt(i % count_) * static_cast<float>(i / count_ + 1);
    case Collective::kBarrier:
      break;
  }
  return 0;
}

void Workload::call() {
  bool succeeded = false;
  switch (collective_) {
    case Collective::kAllReduce:
      succeeded = peer_.allReduce(result_, count_);
      break;
    case Collective::kBroadcast:
      succeeded = peer_.broadcast(result_, count_);
      break;
    case Collective::kAllGather:
      succeeded = peer_.allGather(sent_, result_, count_);
      break;
    case Collective::kBarrier:
      succeeded = peer_.barrier();
      break;
  }
  if (!succeeded) die("rank " + std::to_string(ranks_.rank()) + ": " + peer_.lastError());
}

uint64_t Workload::checkBarrier() {
  ranks_.barrier();
  uint64_t before = ranks_.decidedByRankZero(ranks_.entries());
  timespec stagger{.tv_sec = 0, .tv_nsec = 2'000'000L * ranks_.rank()};
  nanosleep(&stagger, nullptr);
  ranks_.countEntry();
  call();
  bool everyRankHadEntered = ranks_.entries() == before + static_cast<uint64_t>(ranks_.ranks());
  ranks_.barrier();
  return everyRankHadEntered ? 0 : 1;
}

uint64_t Workload::countWrongAfterOneCall() {
  if (collective_ == Collective::kBarrier) return checkBarrier();
  fill();
  ranks_.barrier();
  call();
  uint64_t wrong = 0;
  for (size_t i = 0; i < resultCount_; ++i) wrong += result_[i] != expectedAt(i) ? 1 : 0;
  return wrong;
}

}  // namespace inccl::peers
