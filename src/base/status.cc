#include "base/status.h"

#include <cstring>

namespace inccl {

std::string_view codeName(Code code) {
  switch (code) {
    case Code::kOk:
      return "no error";
    case Code::kUnhandledCudaError:
      return "unhandled CUDA error";
    case Code::kSystemError:
      return "system error";
    case Code::kInternalError:
      return "internal error";
    case Code::kInvalidArgument:
      return "invalid argument";
    case Code::kInvalidUsage:
      return "invalid usage";
    case Code::kRemoteError:
      return "remote error";
    case Code::kInProgress:
      return "in progress";
    case Code::kTimeout:
      return "timeout";
    case Code::kAborted:
      return "communicator aborted";
  }
  return "unknown result code";
}

Status Status::within(std::string_view where) && {
  if (failure_) failure_->message = std::string(where) + ": " + failure_->message;
  return std::move(*this);
}

Status systemError(std::string_view what, int errorNumber) {
  char text[128];
  // The GNU strerror_r returns the text, which may or may not lie in the buffer.
  const char* reason = strerror_r(errorNumber, text, sizeof text);
  return {Code::kSystemError, std::string(what) + ": " + reason};
}

}  // namespace inccl
