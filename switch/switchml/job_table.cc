#include "switch/switchml/job_table.h"

#include <fmt/format.h>

#include <utility>

namespace inccl::switchml {

Status JobTable::admit(Job job) {
  const auto where = fmt::format("job {:08x}", job.session);
  if (job.session == 0) return invalidArgument("a job's session may not be 0");
  if (jobs_.contains(job.session))
    return invalidArgument(fmt::format("{}: there is one of this session already", where));
  if (job.workers.empty() || job.workers.size() > mostFanIn_)
    return invalidArgument(fmt::format("{}: {} workers, 1 to {} can be summed here", where,
                                       job.workers.size(), mostFanIn_));
  if (job.slots == 0 || job.firstSlot > slots_ || job.slots > slots_ - job.firstSlot)
    return invalidArgument(fmt::format("{}: slots {} to {} of {}", where, job.firstSlot,
                                       uint64_t{job.firstSlot} + job.slots, slots_));
  for (const auto& [session, other] : jobs_) {
    const bool apart = job.firstSlot >= other.firstSlot + other.slots ||
                       other.firstSlot >= job.firstSlot + job.slots;
    if (!apart)
      return invalidArgument(fmt::format("{}: its slots belong to job {:08x}", where, session));
  }
  const uint32_t session = job.session;
  jobs_.emplace(session, std::move(job));
  return {};
}

}  // namespace inccl::switchml
