// Handles under fire: a communicator goes once, whoever comes late with a stale handle.
#include "comm/handle_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "comm/communicator.h"

namespace inccl::comm {
namespace {

Handle addOne() {
  auto added = HandleTable::instance().add(Communicator::make(1, 0, Config(), ""));
  EXPECT_TRUE(added.ok());
  return added.ok() ? *added : 0;
}

TEST(HandleTable, ARetiredHandleLetsInWhoeverEndsItUntilTheLastCallHasLeft) {
  HandleTable& table = HandleTable::instance();
  const Handle handle = addOne();
  {
    const CommunicatorRef inside = table.enter(handle);
    ASSERT_TRUE(inside);
    EXPECT_TRUE(table.retire(inside));
    EXPECT_FALSE(table.retire(inside));
    EXPECT_FALSE(table.enter(handle));
    const CommunicatorRef ending = table.enterUntilGone(handle);
    ASSERT_TRUE(ending);
    EXPECT_EQ(&*ending, &*inside);
    EXPECT_EQ(inside.callsInside(), 2u);
  }
  EXPECT_FALSE(table.enterUntilGone(handle));
}

TEST(HandleTable, CommunicatorsComeAndGoWhileOthersKnockWithStaleHandles) {
  HandleTable& table = HandleTable::instance();
  std::atomic<Handle> newest{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      while (!over) {
        const Handle handle = newest;
        const CommunicatorRef inside =
            thread % 2 ? table.enter(handle) : table.enterUntilGone(handle);
        if (inside) {
          EXPECT_EQ(inside->rankCount(), 1);
        }
      }
    });
  }
  for (int i = 0; i < 3000; ++i) {
    const Handle handle = addOne();
    newest = handle;
    const CommunicatorRef mine = table.enter(handle);
    ASSERT_TRUE(mine);
    EXPECT_TRUE(table.retire(mine));
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace inccl::comm
