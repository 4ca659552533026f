// Streams of the application.
#include "api/guard.h"
#include "comm/stream.h"

namespace {

using inccl::invalidArgument;
using inccl::Status;
using inccl::api::guarded;
using inccl::comm::StreamRef;
using inccl::comm::StreamTable;

uintptr_t handleOf(incclStream_t stream) { return reinterpret_cast<uintptr_t>(stream); }

}  // namespace

incclResult_t incclStreamCreate(incclStream_t* stream) {
  return guarded([&]() -> Status {
    if (!stream) return invalidArgument("incclStreamCreate: stream is NULL");
    INCCL_TRY_ASSIGN(const uintptr_t handle, StreamTable::instance().create());
    *stream = reinterpret_cast<incclStream_t>(handle);
    return {};
  });
}

incclResult_t incclStreamSynchronize(incclStream_t stream) {
  return guarded([&]() -> Status {
    if (!stream) return {};  // calls without a stream are over when they return
    INCCL_TRY_ASSIGN(const StreamRef found, StreamTable::instance().find(handleOf(stream)));
    return found->synchronize();
  });
}

incclResult_t incclStreamQuery(incclStream_t stream) {
  return guarded([&]() -> Status {
    if (!stream) return {};
    INCCL_TRY_ASSIGN(const StreamRef found, StreamTable::instance().find(handleOf(stream)));
    return found->query();
  });
}

incclResult_t incclStreamDestroy(incclStream_t stream) {
  return guarded([&]() -> Status {
    if (!stream) return invalidArgument("incclStreamDestroy: stream is NULL");
    INCCL_TRY_ASSIGN(const StreamRef removed, StreamTable::instance().remove(handleOf(stream)));
    return removed->synchronize();
  });
}
