// Proofs hold for exactly one nonce, role, purpose, target and pair of challenges.
#include "bootstrap/authentication.h"

#include <gtest/gtest.h>

#include "support/fail_nth_call.h"

namespace inccl::bootstrap {
namespace {

class Authentication : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(prepareCryptography().ok());
    nonce_ = randomNonce().value();
    transcript_.hello.purpose = wire::Purpose::kData;
    transcript_.hello.challenge = randomChallenge().value();
    transcript_.accepting = randomChallenge().value();
  }
  Nonce nonce_{};
  Transcript transcript_;
};

TEST_F(Authentication, TheRightProofPasses) {
  for (const Role role : {Role::kConnecting, Role::kAccepting})
    EXPECT_TRUE(isProof(prove(role, nonce_, transcript_), role, nonce_, transcript_));
}

TEST_F(Authentication, AnythingElseFails) {
  const wire::ProofBytes proof = prove(Role::kConnecting, nonce_, transcript_);
  EXPECT_FALSE(isProof(proof, Role::kAccepting, nonce_, transcript_)) << "reflected";
  Nonce otherNonce = nonce_;
  otherNonce[15] ^= std::byte{1};
  EXPECT_FALSE(isProof(proof, Role::kConnecting, otherNonce, transcript_));
  for (size_t i = 0; i < 16; ++i) {
    Transcript changed = transcript_;
    changed.hello.challenge[i] ^= std::byte{1};
    EXPECT_FALSE(isProof(proof, Role::kConnecting, nonce_, changed));
    changed = transcript_;
    changed.accepting[i] ^= std::byte{1};
    EXPECT_FALSE(isProof(proof, Role::kConnecting, nonce_, changed)) << "replayed";
    changed = transcript_;
    changed.hello.target[i] ^= std::byte{1};
    EXPECT_FALSE(isProof(proof, Role::kConnecting, nonce_, changed));
  }
  Transcript otherPurpose = transcript_;
  otherPurpose.hello.purpose = wire::Purpose::kControl;
  EXPECT_FALSE(isProof(proof, Role::kConnecting, nonce_, otherPurpose));
  for (size_t i = 0; i < proof.size(); ++i) {
    wire::ProofBytes damaged = proof;
    damaged[i] ^= std::byte{0x10};
    EXPECT_FALSE(isProof(damaged, Role::kConnecting, nonce_, transcript_));
  }
}

TEST_F(Authentication, SecretsBecomeNonces) {
  EXPECT_EQ(nonceFromSecret("open sesame"), nonceFromSecret("open sesame"));
  EXPECT_NE(nonceFromSecret("open sesame"), nonceFromSecret("open sesamf"));
  EXPECT_NE(nonceFromSecret("x"), Nonce{});
}

TEST_F(Authentication, RootTagsDependOnTheNonceUnlessRankZeroOpensTheRoot) {
  UniqueId first, second;
  first.nonce = randomNonce().value();
  second.nonce = randomNonce().value();
  EXPECT_NE(rootTag(first), rootTag(second));
  first.rootAtRankZero = second.rootAtRankZero = true;
  EXPECT_EQ(rootTag(first), rootTag(second));
}

TEST_F(Authentication, MissingRandomnessIsAnError) {
  const test::FailNthCall fails({.n = 1, .only = "getrandom"});
  EXPECT_EQ(randomNonce().status().code(), Code::kSystemError);
}

}  // namespace
}  // namespace inccl::bootstrap
