// Streams: work that an application issued, in order, on a thread of its own.
//
// A call with a stream of ours returns as soon as its arguments are checked; its work becomes a job
// at the end of the stream. Jobs of one stream run one after the other; those of different streams
// side by side, but for the order of issue on each communicator (Turn). A failure of a job stays
// with the stream until somebody asks for it.
//
// Handles are numbers that no pointer can be, so that a CUDA stream, or one that is gone, is told
// from ours without looking behind it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "base/status.h"
#include "os/thread.h"

namespace inccl::comm {

class Stream {
 public:
  // A job runs to its end whatever happens; it returns what the stream should remember.
  using Job = std::function<Status()>;
  // Made before, so that issuing cannot fail half way.
  using Jobs = std::list<Job>;

  static Result<std::shared_ptr<Stream>> start();
  // Jobs that are in the queue still run; waits for them.
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Takes the jobs over, in order. Any thread.
  void issue(Jobs&& jobs) noexcept;
  // Waits until all that was issued so far is over; the first failure since it was last asked for.
  // Each job's operations have their deadlines, so this ends.
  Status synchronize();
  // kInProgress while something runs, else as synchronize().
  Status query();

 private:
  // What the worker looks at. It may outlive the stream: a job's end may be the end of the
  // communicator that owns the stream.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    Jobs jobs;
    uint64_t issued = 0, finished = 0;
    bool closing = false;
    Status failure;
    std::thread::id worker;
  };
  Stream() = default;
  static void work(State& state);

  std::shared_ptr<State> state_ = std::make_shared<State>();
  os::Thread thread_;
};

using StreamRef = std::shared_ptr<Stream>;

// The application's streams.
class StreamTable {
 public:
  static StreamTable& instance();

  Result<uintptr_t> create();
  // kInvalidArgument for what is no stream of ours, kInvalidUsage in a forked child.
  Result<StreamRef> find(uintptr_t handle);
  // The stream goes when its jobs are over; the handle is gone at once.
  Result<StreamRef> remove(uintptr_t handle);

 private:
  struct Entry {
    StreamRef stream;
    uint32_t forkGeneration = 0;
  };
  std::mutex mutex_;
  std::map<uintptr_t, Entry> streams_;
  uintptr_t next_ = 0x1001;  // odd: no pointer to a stream is
};

}  // namespace inccl::comm
