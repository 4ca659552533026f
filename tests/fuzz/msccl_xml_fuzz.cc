// Plans of other tools: what is read is valid, can be written and read again without changing any
// more, and can be handed to the verifier whatever it says.
#include "fuzz/fuzz_target.h"
#include "fuzz/small_schedule.h"
#include "schedule/msccl_xml.h"
#include "schedule/validate.h"
#include "verify/verify.h"

namespace inccl::schedule {
namespace {

void read(std::string_view text) {
  const auto schedule = fromMscclXml(text);
  if (!schedule.ok()) {
    FUZZ_CHECK(!schedule.status().message().empty());
    return;
  }
  FUZZ_CHECK(validate(schedule.value()).ok());
  const auto written = toMscclXml(schedule.value());
  FUZZ_CHECK(written.ok());
  const auto again = fromMscclXml(written.value());
  FUZZ_CHECK(again.ok());
  const auto rewritten = toMscclXml(again.value());
  FUZZ_CHECK(rewritten.ok());
  const auto third = fromMscclXml(rewritten.value());
  FUZZ_CHECK(third.ok());
  FUZZ_CHECK(third.value() == again.value());
  if (fuzz::isSmall(schedule.value())) {
    const bool right = verify::verifyBothWays(schedule.value()).ok();
    FUZZ_CHECK(!right || verify::verifyBothWays(again.value()).ok());
  }
}

}  // namespace
}  // namespace inccl::schedule

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inccl::schedule::read(inccl::fuzz::asText(data, size));
  return 0;
}
