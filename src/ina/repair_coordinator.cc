#include "ina/repair_coordinator.h"

#include <fmt/format.h>

#include <algorithm>

#include "ina/lane_sum.h"

namespace inccl::ina {

using wire::RepairKind;

void RepairCoordinator::onNote(int from, std::span<const std::byte> note) {
  if (note.empty() || phase_ == Phase::kOver) return;
  const auto malformed = [&](const Status& why) {
    fail(fmt::format("rank {}: {}", from, why.message()));
  };
  switch (static_cast<RepairKind>(note[0])) {
    case RepairKind::kSuspect: {
      const auto suspicion = wire::decodeRepair<wire::RepairSuspect>(note);
      if (!suspicion.ok()) return malformed(suspicion.status());
      return seal(fmt::format("rank {}: {}", from, suspicion.value().why));
    }
    case RepairKind::kReport: {
      auto report = wire::decodeRepair<wire::RepairReport>(note);
      if (!report.ok()) return malformed(report.status());
      return onReport(from, std::move(report).value());
    }
    case RepairKind::kGive: {
      const auto give = wire::decodeRepair<wire::RepairGive>(note);
      if (!give.ok()) return malformed(give.status());
      return onGive(from, give.value());
    }
    case RepairKind::kSeal:
    case RepairKind::kFetch:
    case RepairKind::kValue:
    case RepairKind::kCommit:
    case RepairKind::kDone:
      return;  // a rank's to read (repair_desk.h)
  }
}

void RepairCoordinator::seal(const std::string& why) {
  if (phase_ != Phase::kWatching) return;
  phase_ = Phase::kSealed;
  post(kToAllRanks, wire::RepairSeal{why});
}

void RepairCoordinator::onReport(int from, wire::RepairReport report) {
  auto& known = reports_[static_cast<size_t>(from)];
  if (phase_ != Phase::kSealed || known) return;
  if (report.uses.size() != slots_ || report.hasSum.size() != slots_)
    return fail(fmt::format("rank {} reports {} slots of {}", from, report.uses.size(), slots_));
  known = std::move(report);
  for (uint32_t slot = 0; slot < slots_; ++slot) {
    least_[slot] = std::min(least_[slot], known->uses[slot]);
    most_[slot] = std::max(most_[slot], known->uses[slot]);
  }
  if (++reported_ == reports_.size()) decide();
}

void RepairCoordinator::decide() {
  if (const std::string why = contradiction(); !why.empty()) return fail(why);
  phase_ = Phase::kFetching;
  std::vector<wire::RepairFetch> wanted(reports_.size());
  for (uint32_t slot = 0; slot < slots_; ++slot) judgeSlot(slot, wanted);
  for (size_t rank = 0; rank < wanted.size(); ++rank) {
    if (!wanted[rank].slots.empty()) post(static_cast<int>(rank), wanted[rank]);
  }
  if (awaited_ == 0) commit();
}

std::string RepairCoordinator::contradiction() const {
  std::map<uint32_t, size_t> insiders;  // by operation the first rank that is in it
  for (size_t rank = 0; rank < reports_.size(); ++rank) {
    if (!reports_[rank]->inside) continue;
    const size_t first = insiders.emplace(reports_[rank]->operations, rank).first->second;
    if (reports_[rank]->opTag != reports_[first]->opTag)
      return fmt::format("ranks {} and {} call different operations", first, rank);
  }
  for (uint32_t slot = 0; slot < slots_; ++slot) {
    if (most_[slot] - least_[slot] > 1)
      return fmt::format("ranks {} and {} are {} and {} uses of slot {} far",
                         rankWith(slot, most_[slot]), rankWith(slot, least_[slot]), most_[slot],
                         least_[slot], slot);
  }
  return {};
}

size_t RepairCoordinator::rankWith(uint32_t slot, uint32_t uses) const {
  const auto is = [&](const auto& report) { return report->uses[slot] == uses; };
  return static_cast<size_t>(std::ranges::find_if(reports_, is) - reports_.begin());
}

// Asks for what is needed of a chunk that some have and others lack.
void RepairCoordinator::judgeSlot(uint32_t slot, std::vector<wire::RepairFetch>& wanted) {
  const uint32_t most = most_[slot], least = least_[slot];
  if (most == least) return;
  const auto has = [&](const auto& report) {
    return report->uses[slot] == most && report->hasSum[slot] != 0;
  };
  const auto ask = [&](size_t rank) {
    wanted[rank].slots.push_back(static_cast<uint16_t>(slot));
    wanted[rank].uses.push_back(least);
    missing_[static_cast<uint16_t>(slot)].awaited.insert(static_cast<int>(rank));
    ++awaited_;
  };
  const auto holder = std::ranges::find_if(reports_, has);
  if (holder != reports_.end()) return ask(static_cast<size_t>(holder - reports_.begin()));
  for (size_t rank = 0; rank < reports_.size(); ++rank) ask(rank);
}

void RepairCoordinator::onGive(int from, const wire::RepairGive& give) {
  const auto found = missing_.find(give.slot);
  if (phase_ != Phase::kFetching || found == missing_.end()) return;
  Missing& chunk = found->second;
  if (chunk.awaited.erase(from) == 0) return;
  --awaited_;
  const bool gives = !give.payload.empty() || !give.exponents.empty();
  if (gives && !chunk.any) {
    chunk.sum = give;
    chunk.any = true;
  } else if (gives) {
    wire::RepairGive& sum = chunk.sum;
    if (give.payload.size() != sum.payload.size() || give.op != sum.op ||
        give.exponents.size() != sum.exponents.size())
      return fail(fmt::format("rank {} gives another chunk for slot {}", from, give.slot));
    const bool exponents = sum.type == wire::LaneType::kExponent16;
    addLanes(sum.payload.data(), give.payload.data(), sum.payload.size(),
             exponents ? DataType::kInt16 : wordType(sum.type),
             exponents ? RedOp::kMax : wordOp(sum.op));
    addLanes(sum.exponents.data(), give.exponents.data(), sum.exponents.size(), DataType::kInt16,
             RedOp::kMax);
  }
  if (awaited_ == 0) commit();
}

void RepairCoordinator::commit() {
  for (auto& [slot, chunk] : missing_)
    post(kToAllRanks,
         wire::RepairValue{slot, std::move(chunk.sum.payload), std::move(chunk.sum.exponents)});
  wire::RepairCommit done;
  const auto operationsOf = [](const auto& report) { return report->operations; };
  done.operation = operationsOf(*std::ranges::min_element(reports_, {}, operationsOf));
  done.uses = most_;
  phase_ = Phase::kOver;
  post(kToAllRanks, done);
}

void RepairCoordinator::fail(const std::string& why) {
  phase_ = Phase::kOver;
  wire::RepairCommit none;
  none.failure = why;
  post(kToAllRanks, none);
}

}  // namespace inccl::ina
