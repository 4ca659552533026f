// The shared page, and the wait.
#include "perf/id_exchange.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace inccl::perf {
namespace {

enum State : uint32_t { kPending = 0, kPublished = 1, kGivenUp = 2 };

// Making an id is local work of rank 0; a minute covers a machine that is overloaded by far.
constexpr auto kPatience = std::chrono::seconds(60);

}  // namespace

Outcome<IdExchange> IdExchange::create() {
  void* memory =
      mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return Problem{fmt::format("a shared page for the unique id: {}", std::strerror(errno))};
  return IdExchange(new (memory) Page{});
}

IdExchange::IdExchange(IdExchange&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

IdExchange::~IdExchange() {
  if (page_ != nullptr) munmap(page_, sizeof(Page));
}

void IdExchange::publish(const incclUniqueId& id) {
  page_->id = id;
  page_->state.store(kPublished, std::memory_order_release);
}

void IdExchange::giveUp() { page_->state.store(kGivenUp, std::memory_order_release); }

Outcome<incclUniqueId> IdExchange::await() const {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    const uint32_t state = page_->state.load(std::memory_order_acquire);
    if (state == kPublished) return page_->id;
    if (state == kGivenUp) return Problem{"rank 0 made no unique id"};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Problem{"no unique id came from rank 0 within 60 s"};
}

}  // namespace inccl::perf
