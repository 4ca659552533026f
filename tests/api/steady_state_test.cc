// The data path's law (docs/path-costs.md): once its plan is there, a collective allocates nothing
// and takes no lock. Counted here by standing in for `new`, malloc's callers and the mutexes.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

#include "api/forked_switch.h"
#include "api/rank_world.h"

// Sanitizers stand in for the same functions.
#ifdef INCCL_SANITIZED

TEST(SteadyState, NeitherAllocatesNorLocks) {
  GTEST_SKIP() << "allocations and locks are counted in builds without sanitizers";
}

#else

namespace {

thread_local bool counting = false;
thread_local uint64_t allocations = 0, locks = 0;

void* allocate(size_t bytes, size_t alignment) {
  if (counting) ++allocations;
  void* memory = nullptr;
  if (posix_memalign(&memory, std::max(alignment, sizeof(void*)), bytes == 0 ? 1 : bytes) != 0)
    throw std::bad_alloc();
  return memory;
}

// Not inlined: the compiler would see free() meet an operator new whose body it does not look into.
[[gnu::noinline]] void release(void* memory) { std::free(memory); }

}  // namespace

void* operator new(size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new[](size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { release(memory); }
void operator delete[](void* memory) noexcept { release(memory); }
void operator delete(void* memory, size_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t) noexcept { release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { release(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { release(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { release(memory); }

// NOLINTNEXTLINE(readability-identifier-naming): the C library's name.
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) {
  if (counting) ++locks;
  using Lock = int (*)(pthread_mutex_t*);
  static std::atomic<Lock> real{nullptr};
  Lock lock = real.load(std::memory_order_relaxed);
  if (lock == nullptr) {
    lock = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    real.store(lock, std::memory_order_relaxed);
  }
  return lock(mutex);
}

namespace inccl::test {
namespace {

struct Path {
  const char* transport;
  const char* algorithms;  // INCCL_ALGO
  const char* protocols;   // INCCL_PROTO
  size_t count;
};

// So that a printed parameter says what it is.
void PrintTo(const Path& path, std::ostream* out) {
  *out << path.transport << " " << path.algorithms << " " << path.protocols << " count "
       << path.count;
}

// Warms up, then counts what the calls of this thread allocate and lock. Each of two ranks waits
// for the other once, until it blocks: what it needs for that is there afterwards.
template <typename Call>
void expectQuiet(int rank, const Call& call) {
  for (int warmUp = 0; warmUp < 20; ++warmUp) {
    if (warmUp == 5 + rank) usleep(50000);
    ASSERT_EQ(call(), incclSuccess);
  }
  // The counters see what they are for.
  locks = allocations = 0;
  counting = true;
  int* volatile made = new int;  // not to be optimised away
  delete made;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  counting = false;
  pthread_mutex_unlock(&mutex);
  ASSERT_EQ(locks, 1u);
  ASSERT_GE(allocations, 1u);
  locks = allocations = 0;
  counting = true;
  for (int steady = 0; steady < 500; ++steady) {
    if (call() != incclSuccess) break;
  }
  counting = false;
  EXPECT_EQ(allocations, 0u);
  EXPECT_EQ(locks, 0u);
}

class SteadyState : public testing::TestWithParam<Path> {};

TEST_P(SteadyState, NeitherAllocatesNorLocks) {
  const Path path = GetParam();
  onProcesses(2, [path](RankProcess& process) {
    setenv("INCCL_ALGO", path.algorithms, 1);
    setenv("INCCL_PROTO", path.protocols, 1);
    const incclComm_t comm = join(process, path.transport);
    ASSERT_NE(comm, nullptr);
    std::vector<float> data(path.count, 1.0F);
    expectQuiet(process.rank(), [&] {
      return incclAllReduce(data.data(), data.data(), data.size(), incclFloat, incclMax, comm,
                            nullptr);
    });
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

INSTANTIATE_TEST_SUITE_P(EveryPath, SteadyState,
                         testing::Values(Path{"shm", "auto", "tiny", 8},
                                         Path{"shm", "auto", "flat", 1000},
                                         Path{"shm", "auto", "half", 100000},
                                         Path{"shm", "ring", "lanes", 1000},
                                         Path{"shm", "recursive_doubling", "lanes", 5},
                                         Path{"tcp", "ring", "lanes", 20000}));

class SteadyStateOfOthers : public testing::TestWithParam<Path> {};

TEST_P(SteadyStateOfOthers, NeitherAllocatesNorLocks) {
  const Path path = GetParam();
  onProcesses(2, [path](RankProcess& process) {
    setenv("INCCL_PROTO", path.protocols, 1);
    const incclComm_t comm = join(process, path.transport);
    ASSERT_NE(comm, nullptr);
    const size_t n = path.count;
    std::vector<float> in(2 * n, 1.0F), out(2 * n);
    expectQuiet(process.rank(), [&] {
      if (incclReduceScatter(in.data(), out.data(), n, incclFloat, incclMax, comm, nullptr) ||
          incclAllGather(in.data(), out.data(), n, incclFloat, comm, nullptr) ||
          incclAlltoAll(in.data(), out.data(), n, incclFloat, comm, nullptr) ||
          incclReduce(in.data(), out.data(), n, incclFloat, incclMax, 1, comm, nullptr) ||
          incclGather(in.data(), out.data(), n, incclFloat, 1, comm, nullptr) ||
          incclScatter(in.data(), out.data(), n, incclFloat, 0, comm, nullptr))
        return incclInternalError;
      return incclBroadcast(in.data(), in.data(), n, incclFloat, 0, comm, nullptr);
    });
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

INSTANTIATE_TEST_SUITE_P(EveryKernel, SteadyStateOfOthers,
                         testing::Values(Path{"shm", "auto", "auto", 2},
                                         Path{"shm", "auto", "publish", 9000},
                                         Path{"shm", "auto", "read", 9000}));

// Through a switch, and beside it what the switch does not sum.
TEST(SteadyStateOfTheSwitch, NeitherAllocatesNorLocks) {
  const ForkedSwitch theSwitch;
  setenv("INCCL_ALGO", "ina", 1);
  setenv("INCCL_INA_FLOATS", "1", 1);
  onProcesses(2, [](RankProcess& process) {
    const incclComm_t comm = join(process, "tcp");
    ASSERT_NE(comm, nullptr);
    std::vector<int> integers(2000, 1);
    std::vector<float> floats(2000, 1.0F);
    std::vector<double> doubles(100, 1.0);
    std::vector<int8_t> odd(777, 1);
    expectQuiet(process.rank(), [&] {
      if (incclAllReduce(integers.data(), integers.data(), 2000, incclInt32, incclMax, comm,
                         nullptr) ||
          incclAllReduce(floats.data(), floats.data(), 2000, incclFloat32, incclAvg, comm,
                         nullptr) ||
          incclAllReduce(doubles.data(), doubles.data(), 100, incclFloat64, incclMax, comm,
                         nullptr))
        return incclInternalError;
      return incclBroadcast(odd.data(), odd.data(), 777, incclInt8, 0, comm, nullptr);
    });
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
  EXPECT_GT(theSwitch.counted("completions"), 500u);
  unsetenv("INCCL_INA_FLOATS");
}

class SteadyStateOfVCollectives : public testing::TestWithParam<Path> {};

TEST_P(SteadyStateOfVCollectives, NeitherAllocatesNorLocks) {
  const Path path = GetParam();
  onProcesses(2, [path](RankProcess& process) {
    setenv("INCCL_PROTO", path.protocols, 1);
    const incclComm_t comm = join(process, path.transport);
    ASSERT_NE(comm, nullptr);
    const std::array<size_t, 2> lengths{path.count, path.count / 3}, places{0, path.count};
    const auto me = static_cast<size_t>(process.rank());
    std::vector<float> in(2 * path.count, 1.0F), out(2 * path.count);
    expectQuiet(process.rank(), [&] {
      if (incclReduceScatterv(in.data(), out.data(), lengths.data(), incclFloat, incclMax, comm,
                              nullptr))
        return incclInternalError;
      return incclAllGatherv(in.data(), lengths[me], out.data(), lengths.data(), places.data(),
                             incclFloat, comm, nullptr);
    });
    EXPECT_EQ(incclCommDestroy(comm), incclSuccess);
  });
}

INSTANTIATE_TEST_SUITE_P(EveryWay, SteadyStateOfVCollectives,
                         testing::Values(Path{"shm", "auto", "auto", 1000},
                                         Path{"shm", "auto", "lanes", 9000},
                                         Path{"tcp", "auto", "auto", 20000}));

}  // namespace
}  // namespace inccl::test

#endif
