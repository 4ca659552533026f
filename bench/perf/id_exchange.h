// How the 128 bytes of a unique id get from rank 0 to the other ranks that --np or -t start.
//
// The id's rendezvous lives in the process that makes it, so the parent cannot make it before it
// forks: rank 0 does, and puts it into a page that all of them share. The page holds a state word
// and the bytes. Waiters poll once a millisecond: this happens once, outside all measurement.
//
// Threading: one writer; readers in any thread or process. The release store of the state pairs
// with the readers' acquire load.
#pragma once

#include <inccl/inccl.h>

#include <atomic>
#include <cstdint>

#include "perf/outcome.h"

namespace inccl::perf {

class IdExchange {
 public:
  // Shared with children that are forked later.
  static Outcome<IdExchange> create();

  IdExchange(IdExchange&& other) noexcept;
  IdExchange& operator=(IdExchange&&) = delete;
  ~IdExchange();

  void publish(const incclUniqueId& id);
  // Rank 0 could not make one; the others then stop waiting.
  void giveUp();
  [[nodiscard]] Outcome<incclUniqueId> await() const;

 private:
  struct Page {
    std::atomic<uint32_t> state;
    incclUniqueId id;
  };
  explicit IdExchange(Page* page) : page_(page) {}

  Page* page_;
};

}  // namespace inccl::perf
