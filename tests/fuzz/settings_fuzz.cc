// Values of environment variables, one a line: sizes, times, port ranges, interface lists. What is
// accepted lies within its limits.
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/config.h"
#include "base/environment.h"
#include "fuzz/fuzz_target.h"
#include "os/socket_address.h"

namespace inccl {
namespace {

// setenv would keep every value it was ever given; putenv keeps the pointer.
void readPortRange(std::string_view text) {
  static char variable[64] = "INCCL_PORT_RANGE=";
  static const size_t kNameBytes = std::strlen(variable);
  const size_t length = text.copy(variable + kNameBytes, sizeof variable - kNameBytes - 1);
  variable[kNameBytes + length] = '\0';
  ::putenv(variable);
  const auto config = Config::fromEnvironment();
  if (config.ok()) FUZZ_CHECK(config.value().portLow <= config.value().portHigh);
}

void readNumbers(const std::string& text) {
  if (const auto seconds = parseSeconds(text); seconds.ok())
    FUZZ_CHECK(seconds.value() > 0 && seconds.value() <= 1000000000 * kSecond);
  if (const auto seconds = parseSeconds(text, ZeroSeconds::kMeansOff); seconds.ok())
    FUZZ_CHECK(seconds.value() >= 0);
  if (const auto bytes = parseBytes(text); bytes.ok()) {
    const auto again = parseBytes(std::to_string(bytes.value()));
    FUZZ_CHECK(again.ok() && again.value() == bytes.value());
  }
}

}  // namespace
}  // namespace inccl

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest = inccl::fuzz::asText(data, size);
  const std::string number(inccl::fuzz::takeUpTo(rest, '\n'));
  inccl::readNumbers(number);
  inccl::readPortRange(inccl::fuzz::takeUpTo(rest, '\n'));
  const std::string interfaces(inccl::fuzz::takeUpTo(rest, '\n'));
  const auto addresses = inccl::os::localAddresses(interfaces, AF_UNSPEC);
  if (addresses.ok()) FUZZ_CHECK(!addresses.value().empty());
  return 0;
}
