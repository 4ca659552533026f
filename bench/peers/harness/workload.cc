// See workload.h.
#include "workload.h"

#include <time.h>

#include <algorithm>
#include <string>
#include <utility>

#include "die.h"

namespace inccl::peers {

namespace {

constexpr size_t kPatternPeriod = 251;
constexpr float kUntouched = -1.0F;

float patternAt(size_t i) { return static_cast<float>(i % kPatternPeriod + 1); }

}  // namespace

std::optional<Collective> collectiveNamed(std::string_view name) {
  constexpr std::pair<std::string_view, Collective> kNames[] = {
      {"all_reduce", Collective::kAllReduce},
      {"all_gather", Collective::kAllGather},
      {"reduce_scatter", Collective::kReduceScatter},
      {"broadcast", Collective::kBroadcast},
      {"alltoall", Collective::kAllToAll},
      {"reduce", Collective::kReduce},
      {"barrier", Collective::kBarrier}};
  for (const auto& [known, collective] : kNames) {
    if (name == known) return collective;
  }
  return std::nullopt;
}

Workload::Workload(Peer& peer, MeetingPoint& ranks, Collective collective, size_t bytes,
                   BufferKind kind)
    : peer_(peer), ranks_(ranks), collective_(collective), kind_(kind) {
  size_t elements = std::max<size_t>(1, bytes / sizeof(float));
  auto n = static_cast<size_t>(ranks.ranks());
  const size_t block = std::max<size_t>(1, elements / n);
  switch (collective) {
    case Collective::kAllReduce:
    case Collective::kBroadcast:
      count_ = resultCount_ = elements;
      break;
    case Collective::kReduce:
      count_ = sentCount_ = resultCount_ = elements;
      break;
    case Collective::kAllGather:
      count_ = sentCount_ = block;
      resultCount_ = block * n;
      break;
    case Collective::kReduceScatter:
      count_ = resultCount_ = block;
      sentCount_ = block * n;
      break;
    case Collective::kAllToAll:
      count_ = block;
      sentCount_ = resultCount_ = block * n;
      break;
    case Collective::kBarrier:
      return;
  }
  if (sentCount_ > 0) sent_ = allocate(sentCount_);
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
    for (size_t i = 0; i < sentCount_; ++i) sent_[i] = patternAt(i) * scale;
    contributesInPlace = false;
  }
  for (size_t i = 0; i < resultCount_; ++i) {
    result_[i] = contributesInPlace ? patternAt(i) * scale : kUntouched;
  }
}

float Workload::expectedAt(size_t i) const {
  const auto n = static_cast<float>(ranks_.ranks());
  const float allScales = n * (n + 1) / 2;
  const size_t before = count_ * static_cast<size_t>(ranks_.rank());  // this rank's block
  switch (collective_) {
    case Collective::kAllReduce:
      return patternAt(i) * allScales;
    case Collective::kReduce:
      return ranks_.rank() == 0 ? patternAt(i) * allScales : kUntouched;
    case Collective::kReduceScatter:
      return patternAt(before + i) * allScales;
    case Collective::kAllToAll:
      return patternAt(before + i % count_) * static_cast<float>(i / count_ + 1);
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
    case Collective::kReduceScatter:
      succeeded = peer_.reduceScatter(sent_, result_, count_);
      break;
    case Collective::kAllToAll:
      succeeded = peer_.allToAll(sent_, result_, count_);
      break;
    case Collective::kReduce:
      succeeded = peer_.reduce(sent_, result_, count_);
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
