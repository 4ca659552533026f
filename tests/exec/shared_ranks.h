// Ranks as threads over one group segment, for tests of the kernels that use it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exec/runner.h"
#include "exec/shared/exchange.h"
#include "exec/shared/flat.h"
#include "exec/shared/half.h"
#include "exec/shared/payloads.h"
#include "os/shared_memory.h"

namespace inccl::exec {

using transport::MultiGroup;
using transport::MultiGroupShape;

class TestSupervisor final : public Supervisor {
 public:
  Status waitsLong(const Operation&) override { return {}; }
  Status deserted(const Operation&, Status why) override { return why; }
  Status mismatch(const Operation& operation) override {
    return invalidUsage("rank " + std::to_string(operation.blamedRank()) +
                        " called something else");
  }
  Status broken(const Operation&) override { return remoteError("broken"); }
  Status timedOut(const Operation& operation, Nanos) override {
    return timeoutError("waiting for rank " + std::to_string(operation.awaitedRank()));
  }
};

// n ranks as threads over one segment; rank(member) runs on each.
class Ranks {
 public:
  explicit Ranks(MultiGroupShape shape)
      : shape_(shape),
        memory_(std::move(os::SharedMemory::anonymous(shape.totalBytes())).value()) {}

  struct Rank {
    MultiGroup group;
    RunContext context;
    ErrorState errors;
    TestSupervisor supervisor;
    uint32_t sequence = 0;

    template <typename Op, typename... Args>
    Status operate(OpTag tag, Args&&... args) {
      Op operation(group, tag, std::forward<Args>(args)...);
      return run(operation, context);
    }
    OpTag next() { return OpTag(++sequence, 1); }
    void allReduce(int kernel, const int64_t* input, int64_t* output, size_t count) {
      const auto sum = reduce::find(DataType::kInt64, RedOp::kSum).reduceMany;
      Status status;
      if (kernel == 0) {
        status = operate<Exchange<ReducePayloads>>(
            next(), input, count * 8, ReducePayloads{sum, output, count, group.memberCount()});
      } else if (kernel == 1) {
        status = operate<FlatAllReduce>(next(), input, output, count, size_t{8}, sum,
                                        group.shape().slotBytes);
      } else {
        status = operate<HalfAllReduce>(next(), input, output, count, size_t{8}, sum,
                                        HalfShape::forVector(count, 8, group.shape(), kernel == 3));
      }
      ASSERT_TRUE(status.ok()) << status.message();
    }
  };

  template <typename Body>
  void onAll(Body body) {
    std::vector<std::thread> threads;
    for (uint32_t me = 0; me < shape_.memberCount; ++me) {
      threads.emplace_back([&, me] {
        Rank rank{MultiGroup(memory_.data(), shape_, me), {}, {}, {}};
        rank.context.policy = WaitPolicy::forHost(true);
        rank.context.errors = &rank.errors;
        rank.context.supervisor = &rank.supervisor;
        rank.context.doorbell = &rank.group.doorbell(me);
        rank.context.timeout = 20 * kSecond;
        body(rank, me);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  MultiGroupShape shape_;
  os::SharedMemory memory_;
};

inline int64_t valueOf(uint32_t rank, size_t index, uint32_t salt) {
  return static_cast<int64_t>(rank + 1) * 1000003 - static_cast<int64_t>(index * 7 + salt);
}

inline int64_t sumOf(uint32_t ranks, size_t index, uint32_t salt) {
  int64_t sum = 0;
  for (uint32_t rank = 0; rank < ranks; ++rank) sum += valueOf(rank, index, salt);
  return sum;
}

constexpr MultiGroupShape smallShape(uint32_t members) { return {members, 512, 1024, 3}; }

}  // namespace inccl::exec
