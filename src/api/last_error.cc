// The newest failure's sentence of each thread: what incclGetLastError(NULL) returns.
#include <algorithm>
#include <cstring>

#include "api/guard.h"

namespace inccl::api {
namespace {

// Fixed room: keeping a sentence must not fail where memory has run out.
thread_local char lastSentence[1024] = "";

}  // namespace

void keepLastError(std::string_view text) noexcept {
  const size_t length = std::min(text.size(), sizeof lastSentence - 1);
  std::memcpy(lastSentence, text.data(), length);
  lastSentence[length] = '\0';
}

const char* lastError() noexcept { return lastSentence; }

}  // namespace inccl::api
