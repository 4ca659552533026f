// Settings: what is read, what is refused and under which name, in every locale.
#include "base/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>

#include "base/config.h"

namespace inccl {
namespace {

using ::testing::HasSubstr;

// A variable that has a value while this lives.
class Setting {
 public:
  Setting(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name_); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  const char* name_;
};

// The message; "" when the configuration was read.
std::string refusal() {
  const auto config = Config::fromEnvironment();
  return config.ok() ? std::string() : std::string(config.status().message());
}

TEST(ParseSeconds, TakesDecimalNumbers) {
  EXPECT_EQ(parseSeconds("600").value(), 600 * kSecond);
  EXPECT_EQ(parseSeconds("0.5").value(), kSecond / 2);
  EXPECT_EQ(parseSeconds("1e-3").value(), kSecond / 1000);
  EXPECT_EQ(parseSeconds("1e9").value(), 1000000000 * kSecond);
}

TEST(ParseSeconds, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "s", "1s", "-1", "nan", "inf", "1e10", "0x10", " 1", "1 ", "1,5", "+1"})
    EXPECT_FALSE(parseSeconds(text).ok()) << text;
}

TEST(ParseSeconds, NothingIsATimeOnlyWhereItMeansOff) {
  for (const char* text : {"0", "0.0", "-0"}) {
    EXPECT_FALSE(parseSeconds(text).ok()) << text;
    EXPECT_EQ(parseSeconds(text, ZeroSeconds::kMeansOff).value(), 0) << text;
  }
  EXPECT_FALSE(parseSeconds("1e-12", ZeroSeconds::kMeansOff).ok()) << "less than a nanosecond";
}

TEST(ParseSeconds, TheLocaleDoesNotMatter) {
  const char* found = nullptr;
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"})
    if (found == nullptr) found = std::setlocale(LC_NUMERIC, name);
  if (found == nullptr) GTEST_SKIP() << "no locale with a decimal comma is installed";
  const auto half = parseSeconds("0.5");
  std::setlocale(LC_NUMERIC, "C");
  ASSERT_TRUE(half.ok()) << half.status().message();
  EXPECT_EQ(half.value(), kSecond / 2);
}

TEST(ParseBytes, TakesBinarySuffixes) {
  EXPECT_EQ(parseBytes("4096").value(), 4096u);
  EXPECT_EQ(parseBytes("64M").value(), 64u << 20);
  EXPECT_EQ(parseBytes("1g").value(), 1u << 30);
  for (const char* text : {"", "M", "-1", "1T", "1 K", "18446744073709551616", "99999999999G"})
    EXPECT_FALSE(parseBytes(text).ok()) << text;
}

TEST(Config, ATimeLimitOfNothingIsRefusedByName) {
  for (const char* name : {"INCCL_TIMEOUT", "INCCL_CREATION_TIMEOUT", "INCCL_CONNECT_TIMEOUT"}) {
    const Setting zero(name, "0");
    EXPECT_THAT(refusal(), HasSubstr(name));
  }
}

TEST(Config, AHeartbeatOfNothingIsOff) {
  const Setting suspect("INCCL_HEARTBEAT_SUSPECT", "0"), fail("INCCL_HEARTBEAT_TIMEOUT", "0");
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(Config::fromEnvironment().value().heartbeatFail, 0);
}

TEST(Config, TheTransportIsNamedInAnyCase) {
  const Setting transport("INCCL_TRANSPORT", "TCP");
  EXPECT_EQ(Config::fromEnvironment().value().transport, "tcp");
}

}  // namespace
}  // namespace inccl
