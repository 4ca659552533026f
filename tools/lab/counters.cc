#include "lab/counters.h"

#include "lab/links.h"

namespace inccl::lab {

Result<SentBytes> sentBytes(const Plan& plan, const std::vector<os::UniqueFd>& networks) {
  std::vector<Links> links;
  for (const os::UniqueFd& network : networks) {
    INCCL_TRY_ASSIGN(links.emplace_back(), linksIn(network.get()));
  }
  SentBytes sent;
  for (const Cable& cable : plan.cables) {
    const auto at = [&](const End& end) {
      return links[end.space][plan.interfaceOf(end).name].sentBytes;
    };
    sent.push_back({at(cable.ends[0]), at(cable.ends[1])});
  }
  return sent;
}

}  // namespace inccl::lab
