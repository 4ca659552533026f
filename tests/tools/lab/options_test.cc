// The command line, the register's files, and lines with marks.
#include "lab/options.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "lab/line_prefixer.h"
#include "lab/register.h"

namespace inccl::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::variant<Options, Leave> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "inccl-lab");
  return parseOptions(static_cast<int>(words.size()), words.data());
}

TEST(LabOptionsTest, CommandsAreLeftAlone) {
  const auto parsed = parse({"run", "--timeout", "2.5", "f.json", "--", "cmd", "--timeout", "--"});
  const auto& options = std::get<Options>(parsed);
  EXPECT_EQ(options.verb, Verb::kRun);
  EXPECT_EQ(options.file, "f.json");
  EXPECT_EQ(options.timeoutSeconds, 2.5);
  EXPECT_THAT(options.command, ElementsAre("cmd", "--timeout", "--"));
}

TEST(LabOptionsTest, ExecNamesLabAndHost) {
  const auto host = std::get<Options>(parse({"exec", "h", "--", "x"}));
  EXPECT_EQ(host.host, "h");
  EXPECT_EQ(host.name, "");
  const auto both = std::get<Options>(parse({"exec", "lab", "h", "--", "x"}));
  EXPECT_EQ(both.host, "h");
  EXPECT_EQ(both.name, "lab");
  const auto all = std::get<Options>(parse({"exec", "lab", "--all", "--no-prefix", "--", "x"}));
  EXPECT_TRUE(all.allRanks);
  EXPECT_FALSE(all.marks);
  EXPECT_EQ(all.name, "lab");
  EXPECT_EQ(all.host, "");
}

TEST(LabOptionsTest, WrongOnesAreTold) {
  const std::pair<std::vector<const char*>, const char*> wrong[] = {
      {{}, "subcommand"},
      {{"run"}, "FILE"},
      {{"run", "f"}, "after \"--\""},
      {{"up", "f", "--", "x"}, "only run and exec"},
      {{"exec", "--", "x"}, "say a host"},
      {{"exec", "a", "b", "--all", "--", "x"}, "one word too many"},
      {{"exec", "a", "--counters", "--", "x"}, "--all"},
      {{"up", "f", "--name", "../x"}, "is no name"},
      {{"run", "f", "--timeout", "-1", "--", "x"}, "--timeout"},
      {{"fly"}, "subcommand"}};
  for (const auto& [words, reason] : wrong) {
    const auto parsed = parse(words);
    ASSERT_TRUE(std::holds_alternative<Leave>(parsed)) << reason;
    EXPECT_EQ(std::get<Leave>(parsed).status, kExitUsage) << reason;
    EXPECT_THAT(std::get<Leave>(parsed).text, HasSubstr(reason));
  }
  EXPECT_EQ(std::get<Leave>(parse({"--help"})).status, 0);
}

TEST(LabRegisterTest, EntriesAreReadAsWritten) {
  const Entry entry{"lab", 42, 4711, {5, 7}, "{\"name\": \"x\"}"};
  const auto read = entryFromJson(toJson(entry));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value().holder, 42);
  EXPECT_EQ(read.value().startTime, 4711u);
  EXPECT_THAT(read.value().networks, ElementsAre(5, 7));
  EXPECT_EQ(read.value().topology, entry.topology);
  for (const char* wrong : {"", "{}", "[1]", R"({"name": 1})"})
    EXPECT_FALSE(entryFromJson(wrong).ok()) << wrong;
}

TEST(LabRegisterTest, ProcessesAreKnownByTheirStart) {
  EXPECT_GT(startTimeOf(getpid()).value_or(0), 0u);
  EXPECT_FALSE(startTimeOf(-1).has_value());
}

TEST(LabLinePrefixerTest, MarksWholeLines) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  LinePrefixer prefixer("[1] ", ends[1]);
  prefixer.take("a\nb");
  prefixer.take("c\n\n");
  prefixer.take("end");
  prefixer.finish();
  close(ends[1]);
  std::string text(100, '\0');
  text.resize(static_cast<size_t>(read(ends[0], text.data(), text.size())));
  close(ends[0]);
  EXPECT_EQ(text, "[1] a\n[1] bc\n[1] \n[1] end\n");
}

}  // namespace
}  // namespace inccl::lab
