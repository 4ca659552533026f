// Plans that somebody brought: INCCL_PLAN_FILE names files with schedules, ours (JSON) or MSCCL's
// (XML), made by hand, by a synthesiser or by other tools.
//
// Rank 0 reads them and proves each right, once; the others get them with the rest of what the
// ranks agree on at creation, so all hold the same bytes and the files need to lie on one host
// only. A plan takes the calls that it was made for: collective, root, size, type and operation.
// All others go on as without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_signature.h"
#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::comm {

struct PlanFile {
  schedule::Schedule schedule;
  // Right in place too; if not, a call in place has its input copied first.
  bool inPlace = true;
  uint64_t digest = 0;

  // `bytes`: of one rank's contribution. Limits count the larger buffer, as nccl-tests does.
  [[nodiscard]] bool fits(const OpSignature& signature, size_t bytes) const;
};

// Channels that a rank may have open for these plans in one direction.
uint64_t channelsOf(const std::vector<PlanFile>& plans);

// Reads and proves the files of a list separated by commas. An error names file and reason.
Result<std::vector<PlanFile>> readPlanFiles(std::string_view list, int rankCount);

constexpr size_t kMostPlanFileBytes = 16u << 20;
constexpr size_t kMostPlans = 256;

}  // namespace inccl::comm
