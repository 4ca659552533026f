// What fuzz targets and their replay share.
//
// A target is one function over bytes. libFuzzer calls it in the preset `fuzz` (for hours, from
// scripts/soak.sh); replay_main.cc calls it in every other build, as an ordinary test of a second,
// with the files of tests/fuzz/corpus/<target> and with seeded mutations of them. A target returns
// 0 for whatever bytes it is given: refusing them is right, being confused by them is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// An assert that is there in optimised builds too.
#define FUZZ_CHECK(condition)                                                                 \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      std::fprintf(stderr, "%s:%d: FUZZ_CHECK(%s) failed\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)

namespace inccl::fuzz {

inline std::string_view asText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The text up to `separator`, which is taken off `rest` with it; all of it when there is none.
inline std::string_view takeUpTo(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

}  // namespace inccl::fuzz
