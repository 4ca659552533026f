// What every C entry point is wrapped in: nothing is thrown through it, every failure leaves a
// sentence behind.
//
// The library throws nothing itself, but the standard library may (no memory, above all). Such an
// exception becomes incclSystemError here. The newest failure's sentence is kept per thread, and
// per communicator where there is one.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "base/status.h"
#include "inccl/inccl.h"

namespace inccl::api {

// The calling thread's newest failure.
void keepLastError(std::string_view sentence) noexcept;
const char* lastError() noexcept;

inline incclResult_t toResult(const Status& status) noexcept {
  if (status.ok()) [[likely]]
    return incclSuccess;
  if (status.code() != Code::kInProgress) keepLastError(status.message());
  return static_cast<incclResult_t>(status.code());
}

template <typename Body>
incclResult_t guarded(Body body) noexcept {
  try {
    return toResult(body());
  } catch (const std::bad_alloc&) {
    keepLastError("out of memory");
    return incclSystemError;
  } catch (const std::exception& failure) {
    keepLastError(failure.what());
    return incclInternalError;
  } catch (...) {
    keepLastError("an unknown exception");
    return incclInternalError;
  }
}

}  // namespace inccl::api
