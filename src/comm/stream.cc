#include "comm/stream.h"

#include <fmt/format.h>

#include <new>
#include <utility>

#include "base/fork_generation.h"

namespace inccl::comm {

Result<StreamRef> Stream::start() {
  StreamRef stream(new Stream);
  INCCL_TRY_ASSIGN(stream->thread_,
                   os::Thread::start("inccl-stream", [state = stream->state_] { work(*state); }));
  return stream;
}

Stream::~Stream() {
  bool onItsWorker = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    onItsWorker = state_->worker == std::this_thread::get_id();
  }
  state_->changed.notify_all();
  if (onItsWorker)
    thread_.detach();
  else
    thread_.join();
}

void Stream::issue(Jobs&& jobs) noexcept {
  {
    const std::lock_guard lock(state_->mutex);
    state_->issued += jobs.size();
    state_->jobs.splice(state_->jobs.end(), jobs);
  }
  state_->changed.notify_all();
}

void Stream::work(State& state) {
  std::unique_lock lock(state.mutex);
  state.worker = std::this_thread::get_id();
  for (;;) {
    state.changed.wait(lock, [&] { return state.closing || !state.jobs.empty(); });
    if (state.jobs.empty()) return;
    Jobs job;
    job.splice(job.end(), state.jobs, state.jobs.begin());
    lock.unlock();
    Status status = job.front()();
    job.clear();  // what it held goes before anybody hears that it is over
    lock.lock();
    if (state.failure.ok()) state.failure = std::move(status);
    ++state.finished;
    state.changed.notify_all();
  }
}

Status Stream::synchronize() {
  std::unique_lock lock(state_->mutex);
  const uint64_t awaited = state_->issued;
  state_->changed.wait(lock, [&] { return state_->finished >= awaited; });
  return std::exchange(state_->failure, Status());
}

Status Stream::query() {
  const std::lock_guard lock(state_->mutex);
  if (state_->finished < state_->issued) return {Code::kInProgress, "the stream has work to do"};
  return std::exchange(state_->failure, Status());
}

StreamTable& StreamTable::instance() {
  static StreamTable* const table = new StreamTable;  // never destroyed: calls may come during exit
  return *table;
}

Result<uintptr_t> StreamTable::create() {
  INCCL_TRY_ASSIGN(StreamRef stream, Stream::start());
  const std::lock_guard lock(mutex_);
  const uintptr_t handle = std::exchange(next_, next_ + 2);
  streams_[handle] = {std::move(stream), forkGeneration()};
  return handle;
}

Result<StreamRef> StreamTable::find(uintptr_t handle) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(handle);
  if (found == streams_.end())
    return invalidArgument(
        fmt::format("stream {:#x} is not, or no longer, one of incclStreamCreate; streams of CUDA "
                    "need the CUDA module, which is not there",
                    handle));
  if (found->second.forkGeneration != forkGeneration())
    return invalidUsage(
        "this stream was made by the parent process; after fork a child makes its own");
  return found->second.stream;
}

Result<StreamRef> StreamTable::remove(uintptr_t handle) {
  INCCL_TRY_ASSIGN(StreamRef stream, find(handle));
  const std::lock_guard lock(mutex_);
  if (streams_.erase(handle) == 0)
    return invalidArgument("the stream was destroyed by another thread");
  return stream;
}

}  // namespace inccl::comm
