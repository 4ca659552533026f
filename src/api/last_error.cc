// The newest failure's sentence of each thread: what incclGetLastError(NULL) returns.
#include <algorithm>
#include <cstring>

#include "api/guard.h"

namespace inccl::api {
namespace {

// Fixed room: keeping a sentence must not fail where memory has run out.
thread_local char sentence[1024] = "";

}  // namespace

void keepLastError(std::string_view text) noexcept {
  const size_t length = std::min(text.size(), sizeof sentence - 1);
  std::memcpy(sentence, text.data(), length);
  sentence[length] = '\0';
}

const char* lastError() noexcept { return sentence; }

}  // namespace inccl::api
