// Plans as other tools write them, read and run: exact, the same bits on every rank.
#include <gtest/gtest.h>

#include "experiment.h"
#include "schedule/msccl_xml.h"
#include "support/msccl_samples.h"
#include "support/seed.h"

namespace inccl::exec {
namespace {

template <typename T>
void check(const Setting& setting, const std::shared_ptr<RankGroup>& group, uint32_t& sequence) {
  Experiment<T> experiment(setting, group);
  ASSERT_TRUE(experiment.run(valueAt<T>, ++sequence));
  ASSERT_EQ(experiment.wrongElements(valueAt<T>), 0u);
  ASSERT_TRUE(experiment.inputsAreUntouched(valueAt<T>));
  ASSERT_TRUE(experiment.run(roughAt<T>, ++sequence));
  ASSERT_TRUE(experiment.sameBitsEverywhere());
}

void run(const test::MscclSample& sample) {
  const schedule::Schedule schedule = schedule::fromMscclXml(sample.xml).value();
  for (const size_t slotBytes : {size_t{64}, size_t{4096}}) {
    const auto group = std::make_shared<RankGroup>(
        schedule, MemoryFabricShape{slotBytes, 2, slotBytes == 64, test::testSeed()}, slotBytes);
    uint32_t sequence = 0;
    for (const uint64_t count : {0, 1, 5, 1009}) {
      for (const bool inPlace : {false, true}) {
        // The algorithm's name is only printed.
        const Setting setting{Algorithm::kDirect,
                              sample.collective,
                              sample.ranks,
                              sample.root,
                              count,
                              slotBytes,
                              false,
                              inPlace};
        SCOPED_TRACE(testing::Message() << sample.name << ": " << setting);
        check<float>(setting, group, sequence);
        check<int64_t>(setting, group, sequence);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(MscclResults, AreExactAndEqualOnAllRanks) {
  for (const int ranks : {1, 2, 3, 4, 6, 8, 12, 16}) {
    for (const test::MscclSample& sample : test::mscclSamples(ranks)) {
      run(sample);
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace inccl::exec
