// Two that share a token understand each other; anything else opens nothing.
#include "wire/sealed_frame.h"

#include <gtest/gtest.h>

#include "wire/switch_messages.h"

namespace inccl::wire {
namespace {

std::vector<std::byte> opened(Seal& seal, std::span<const std::byte> frame) {
  auto plain = seal.open(frame.subspan(Seal::kLengthBytes));
  return plain.ok() ? plain.value() : toBytes("refused");
}

struct Ends {
  explicit Ends(const std::string& clientToken = "t", const std::string& switchToken = "t") {
    const SealHello client = SealHello::make().value(), theSwitch = SealHello::make().value();
    mine = SealKeys::derive(clientToken, client, theSwitch);
    theirs = SealKeys::derive(switchToken, client, theSwitch);
  }
  SealKeys mine, theirs;
};

TEST(SealedFrame, FramesOpenInOrderAndOnlyOnce) {
  const Ends ends;
  Seal writing(ends.mine.fromClient), reading(ends.theirs.fromClient);
  const auto first = writing.close(toBytes("one")), second = writing.close(toBytes(""));
  EXPECT_EQ(Seal::length(std::span(first).first<Seal::kLengthBytes>()).value(), first.size() - 4);
  EXPECT_EQ(opened(reading, first), toBytes("one"));
  EXPECT_EQ(opened(reading, second), toBytes(""));
  EXPECT_EQ(opened(reading, second), toBytes("refused"));
  Seal late(ends.theirs.fromClient);
  EXPECT_EQ(opened(late, second), toBytes("refused"));  // out of order
}

TEST(SealedFrame, AnotherTokenDirectionConnectionOrBitOpensNothing) {
  const Ends ends, others("t", "u"), later;
  Seal writing(ends.mine.fromClient);
  auto frame = writing.close(toBytes("secret"));
  for (const SealKey& key :
       {ends.theirs.fromSwitch, others.theirs.fromClient, later.theirs.fromClient}) {
    Seal reading(key);
    EXPECT_EQ(opened(reading, frame), toBytes("refused"));
  }
  for (size_t i = Seal::kLengthBytes; i < frame.size(); ++i) {
    frame[i] ^= std::byte{1};
    Seal reading(ends.theirs.fromClient);
    EXPECT_EQ(opened(reading, frame), toBytes("refused")) << i;
    frame[i] ^= std::byte{1};
  }
}

TEST(SealedFrame, HellosOfOthersAndImpossibleLengthsAreRefused) {
  auto hello = SealHello::make().value().encode();
  EXPECT_TRUE(SealHello::decode(hello).ok());
  hello[7] ^= std::byte{2};  // another version
  EXPECT_FALSE(SealHello::decode(hello).ok());
  std::array<std::byte, 4> small{}, huge{};
  small[0] = std::byte{3};
  huge[3] = std::byte{1};
  EXPECT_FALSE(Seal::length(small).ok());
  EXPECT_FALSE(Seal::length(huge).ok());
}

TEST(SwitchMessages, SayWhatWasMeantAndNothingElse) {
  JoinSwitch join;
  join.job = "training";
  join.slots = 512;
  join.workers = {{"10.0.0.1:5"}, {"[::1]:6"}};
  const auto bytes = encodeSwitchMessage(SwitchMessage::kJoin, join);
  EXPECT_EQ(kindOfSwitchMessage(bytes).value(), SwitchMessage::kJoin);
  const auto read = decodeSwitchMessage<JoinSwitch>(bytes, "join").value();
  EXPECT_EQ(read.job, "training");
  ASSERT_EQ(read.workers.size(), 2u);
  EXPECT_EQ(read.workers[1].text, "[::1]:6");
  for (size_t length = 1; length < bytes.size(); ++length)
    EXPECT_FALSE(decodeSwitchMessage<JoinSwitch>(std::span(bytes).first(length), "join").ok());
  EXPECT_FALSE(kindOfSwitchMessage({}).ok());
  EXPECT_FALSE(kindOfSwitchMessage(toBytes(std::string(1, '\0'))).ok());
}

// A rank makes a window of as many slots as it is granted.
TEST(SwitchMessages, AGrantIsOfWhatPacketsCanName) {
  const SwitchGrant good{7, 512, 1024, 4711, "full"};
  EXPECT_TRUE(good.isPossible());
  const auto changed = [&](auto&& change) {
    SwitchGrant grant = good;
    change(grant);
    return grant.isPossible();
  };
  EXPECT_FALSE(changed([](auto& grant) { grant.session = 0; }));
  for (const uint32_t slots : {0u, 65537u, UINT32_MAX})
    EXPECT_FALSE(changed([&](auto& grant) { grant.slots = slots; }));
  for (const uint32_t bytes : {0u, 3u, 1022u, 8196u})
    EXPECT_FALSE(changed([&](auto& grant) { grant.payloadBytes = bytes; }));
  EXPECT_FALSE(changed([](auto& grant) { grant.dataPort = 0; }));
}

}  // namespace
}  // namespace inccl::wire
