// Thin calls on one communicator.
#include "perf/team.h"

#include <array>
#include <cstring>
#include <utility>

namespace inccl::perf {
namespace {

constexpr size_t kTextWords = 32;  // 256 bytes

}  // namespace

Outcome<Team> Team::join(int ranks, const incclUniqueId& id, int rank) {
  incclComm_t comm = nullptr;
  PERF_TRY(checkCall(incclCommInitRank(&comm, ranks, id, rank), "incclCommInitRank", nullptr));
  return Team(comm, rank, ranks);
}

Team::Team(Team&& other) noexcept
    : comm_(std::exchange(other.comm_, nullptr)), rank_(other.rank_), ranks_(other.ranks_) {}

Team::~Team() {
  if (comm_ != nullptr) (void)incclCommAbort(comm_);
}

Done Team::barrier() { return checkCall(incclBarrier(comm_, nullptr), "incclBarrier", comm_); }

Done Team::reduceInto(void* value, size_t count, incclDataType_t type, incclRedOp_t op) {
  return checkCall(incclAllReduce(value, value, count, type, op, comm_, nullptr),
                   "incclAllReduce (results of the ranks)", comm_);
}

Outcome<int64_t> Team::reduce(int64_t value, incclRedOp_t op) {
  PERF_TRY(reduceInto(&value, 1, incclInt64, op));
  return value;
}

Outcome<double> Team::reduce(double value, incclRedOp_t op) {
  PERF_TRY(reduceInto(&value, 1, incclFloat64, op));
  return value;
}

Done Team::maxInto(std::span<double> values) {
  return reduceInto(values.data(), values.size(), incclFloat64, incclMax);
}

Outcome<double> Team::ofRank0(double value) {
  PERF_TRY(checkCall(incclBroadcast(&value, &value, 1, incclFloat64, 0, comm_, nullptr),
                     "incclBroadcast (time of rank 0)", comm_));
  return value;
}

Outcome<std::vector<std::string>> Team::gather(const std::string& text) {
  std::array<int64_t, kTextWords> mine{};
  std::memcpy(mine.data(), text.data(), std::min(text.size(), sizeof mine - 1));
  std::vector<int64_t> all(kTextWords * static_cast<size_t>(ranks_));
  PERF_TRY(
      checkCall(incclAllGather(mine.data(), all.data(), kTextWords, incclInt64, comm_, nullptr),
                "incclAllGather (names of the ranks)", comm_));
  std::vector<std::string> texts;
  texts.reserve(static_cast<size_t>(ranks_));
  for (int rank = 0; rank < ranks_; ++rank)
    texts.emplace_back(reinterpret_cast<const char*>(&all[kTextWords * static_cast<size_t>(rank)]));
  return texts;
}

Outcome<std::vector<uint64_t>> Team::gather(uint64_t value) {
  std::vector<uint64_t> all(static_cast<size_t>(ranks_));
  PERF_TRY(checkCall(incclAllGather(&value, all.data(), 1, incclUint64, comm_, nullptr),
                     "incclAllGather (hashes of the ranks)", comm_));
  return all;
}

Outcome<std::vector<double>> Team::gather(std::span<const double> values) {
  std::vector<double> all(values.size() * static_cast<size_t>(ranks_));
  PERF_TRY(checkCall(
      incclAllGather(values.data(), all.data(), values.size(), incclFloat64, comm_, nullptr),
      "incclAllGather (times of the ranks)", comm_));
  return all;
}

std::string Team::planOf(const char* collective, size_t bytes) const {
  std::array<char, 256> text{};
  if (incclCommGetPlan(comm_, collective, bytes, text.data(), text.size()) != incclSuccess)
    return {};
  return text.data();
}

void Team::abort() { (void)incclCommAbort(comm_); }

Done Team::leave() {
  return checkCall(incclCommDestroy(std::exchange(comm_, nullptr)), "incclCommDestroy", nullptr);
}

}  // namespace inccl::perf
