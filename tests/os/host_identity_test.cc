// Same host or not, also where the system does not say.
#include "os/host_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/fail_nth_call.h"

namespace inccl::os {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(HostIdentity, IsStableAndNamesBootAndNamespace) {
  EXPECT_EQ(hostKey(""), hostKey(""));
  EXPECT_THAT(hostKey(""), HasSubstr("/net:["));
  EXPECT_FALSE(hostName().empty());
}

TEST(HostIdentity, TheOverrideDecides) {
  EXPECT_EQ(hostKey("rack1"), hostKey("rack1"));
  EXPECT_NE(hostKey("rack1"), hostKey("rack2"));
  EXPECT_NE(hostKey("rack1"), hostKey(""));
}

TEST(HostIdentity, FallsBackToTheNameWhereProcIsMissing) {
  for (const char* call : {"open", "readlink", "read"}) {
    const test::FailNthCall fails({.n = 1, .errorNumber = ENOENT, .only = call});
    EXPECT_EQ(hostKey(""), "name:" + hostName()) << call;
  }
}

}  // namespace
}  // namespace inccl::os
