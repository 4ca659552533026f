#include "base/fork_generation.h"

#include <pthread.h>

#include <atomic>

namespace inccl {
namespace {

std::atomic<uint32_t> generation{0};

void countChild() { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

uint32_t forkGeneration() {
  static const int registered = pthread_atfork(nullptr, nullptr, countChild);
  static_cast<void>(registered);
  return generation.load(std::memory_order_relaxed);
}

}  // namespace inccl
