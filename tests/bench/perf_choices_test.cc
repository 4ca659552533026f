// The words that inccl-perf knows are the library's words, no more and no fewer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "base/data_type.h"
#include "comm/plan.h"
#include "perf/choices.h"
#include "perf/elements.h"

namespace inccl::perf {
namespace {

using ::testing::HasSubstr;

// "" where the library takes the words.
std::string sentenceOf(const std::string& algorithms, const std::string& protocols) {
  const auto parsed = comm::ChoiceRules::parse(algorithms, protocols);
  return parsed.ok() ? std::string() : std::string(parsed.status().message());
}

// How many words the library says that it knows, when it is given one that it does not.
size_t wordsIn(const std::string& sentence) {
  const std::string list = sentence.substr(sentence.rfind("known are") + 9);
  return static_cast<size_t>(std::count(list.begin(), list.end(), ' '));
}

TEST(Choices, WordsAreTheLibrarys) {
  for (const std::string_view word : algorithmWords())
    EXPECT_EQ(sentenceOf(std::string(word), ""), "");
  for (const std::string_view word : protocolWords())
    EXPECT_EQ(sentenceOf("", std::string(word)), "");
  for (const std::string_view word : functionWords())
    EXPECT_EQ(sentenceOf(std::string(word) + ":direct", ""), "");
  // The library leaves out that rd is another name of recursive_doubling.
  EXPECT_EQ(wordsIn(sentenceOf("quux", "")), algorithmWords().size() - 1);
  EXPECT_EQ(wordsIn(sentenceOf("", "quux")), protocolWords().size());
  EXPECT_EQ(wordsIn(sentenceOf("quux:ring", "")), functionWords().size());
}

TEST(Choices, GrammarIsTheLibrarys) {
  for (const char* text : {"",
                           "auto",
                           "AUTO",
                           "ring",
                           "Ring",
                           "^ring",
                           "ring,direct",
                           "^ring,rd",
                           "allreduce:ring",
                           "ring;AllReduce:direct,half;barrier:^rd",
                           "ring,",
                           ",",
                           ";",
                           "^",
                           "ring;;",
                           "allreduce:",
                           ":ring",
                           "reduce:ring",
                           "allreduce:ring:rd",
                           "ring rd",
                           "ring;auto",
                           "all_reduce:ring",
                           "^^ring"}) {
    EXPECT_EQ(checkAlgorithms(text).ok(), sentenceOf(text, "").empty()) << text;
  }
  for (const char* text : {"tiny", "LANES", "^flat,half", "broadcast:publish", "ring", "barrier:"})
    EXPECT_EQ(checkProtocols(text).ok(), sentenceOf("", text).empty()) << text;
}

TEST(Choices, TypesOperationsAndTheirPairsAreTheLibrarys) {
  EXPECT_EQ(elementTypes().size(), std::size(kDataTypes));
  EXPECT_EQ(reductionOps().size(), std::size(kRedOps));
  for (const ElementType& type : elementTypes()) {
    const auto inside = static_cast<DataType>(type.id);
    EXPECT_EQ(name(inside), type.name);
    EXPECT_EQ(sizeOf(inside), type.bytes);
    for (const ReductionOp& op : reductionOps()) {
      const RedOp reduction = op.id == kMulSum ? RedOp::kPreMulSum : static_cast<RedOp>(op.id);
      EXPECT_EQ(name(reduction), op.name);
      EXPECT_EQ(whyRefused(inside, reduction).empty(), whyUndefined(type.kind, op.id).empty())
          << type.name << " " << op.name;
    }
  }
}

TEST(Choices, TransportsAreSingleWords) {
  for (const std::string_view word : transportWords()) EXPECT_TRUE(checkTransport(word).ok());
  EXPECT_TRUE(checkTransport("").ok());
  EXPECT_TRUE(checkTransport("TCP").ok());
  for (const char* text : {"rdma", "shm,tcp", "^tcp"}) {
    ASSERT_FALSE(checkTransport(text).ok()) << text;
    EXPECT_THAT(checkTransport(text).problem().text, HasSubstr("auto inproc shm tcp"));
  }
}

}  // namespace
}  // namespace inccl::perf
