// Schedules from files: what is read is valid, survives being written and read again, and can be
// handed to the verifier whatever it says.
#include "fuzz/fuzz_target.h"
#include "fuzz/small_schedule.h"
#include "schedule/schedule_json.h"
#include "schedule/validate.h"
#include "verify/verify.h"

namespace inccl::schedule {
namespace {

void read(std::string_view text) {
  const auto schedule = fromJson(text);
  if (!schedule.ok()) {
    FUZZ_CHECK(!schedule.status().message().empty());
    return;
  }
  FUZZ_CHECK(validate(schedule.value()).ok());
  const std::string written = toJson(schedule.value());
  const auto again = fromJson(written);
  FUZZ_CHECK(again.ok());
  FUZZ_CHECK(again.value() == schedule.value());
  FUZZ_CHECK(digest(again.value()) == digest(schedule.value()));
  FUZZ_CHECK(toJson(again.value()) == written);
  if (fuzz::isSmall(schedule.value())) (void)verify::verifyBothWays(schedule.value());
}

}  // namespace
}  // namespace inccl::schedule

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  inccl::schedule::read(inccl::fuzz::asText(data, size));
  return 0;
}
