// Topologies from files: what is read is valid, survives being written and read again, has one
// canonical form, and can be searched for routes and addresses.
#include "fuzz/fuzz_target.h"
#include "topo/canonical.h"
#include "topo/merge.h"
#include "topo/preferred_addresses.h"
#include "topo/routes.h"
#include "topo/topology_json.h"
#include "topo/validate.h"

namespace inccl::topo {
namespace {

void read(std::string_view text) {
  const auto topology = fromJson(text);
  if (!topology.ok()) {
    FUZZ_CHECK(!topology.status().message().empty());
    return;
  }
  const Topology& it = topology.value();
  FUZZ_CHECK(validate(it).ok());
  const std::string written = toJson(it);
  const auto again = fromJson(written);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again.value() == it);
  FUZZ_CHECK(toJson(again.value()) == written);
  const Topology form = canonical(it);
  FUZZ_CHECK(validate(form).ok());
  FUZZ_CHECK(canonical(form) == form);
  FUZZ_CHECK(fingerprint(form) == fingerprint(it));
  FUZZ_CHECK(validate(rounded(it, 3)).ok());
  (void)checkConnected(it, {.throughRanks = true});
  for (const int rank : {0, it.rankCount() - 1}) {
    const auto preferred = preferredAddresses(it, rank);
    FUZZ_CHECK(!preferred.ok() || preferred.value().size() == static_cast<size_t>(it.rankCount()));
  }
  const auto merged = merge({&it, 1}, it.name);
  FUZZ_CHECK(merged.ok() && merged.value() == form);
}

}  // namespace
}  // namespace inccl::topo

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inccl::topo::read(inccl::fuzz::asText(data, size));
  return 0;
}
