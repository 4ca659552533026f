// What the programs for people share: how they leave, and that nothing escapes from main.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <variant>

namespace inccl::tools {

// Leave now, with this text and status: --help, --version, or a wrong command line.
struct Leave {
  int status;
  std::string text;
};

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// parse(argc, argv) → std::variant<Options, Leave>; perform(options) → the exit status. The
// standard library throws where memory ends; nothing else does.
template <typename Parse, typename Perform>
int runProgram(const char* name, int argc, char** argv, Parse parse, Perform perform) noexcept {
  try {
    const auto parsed = parse(argc, argv);
    if (const auto* const leave = std::get_if<Leave>(&parsed)) {
      fmt::print(leave->status == 0 ? stdout : stderr, "{}", leave->text);
      return leave->status;
    }
    return perform(std::get<0>(parsed));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return kExitFailed;
  }
}

}  // namespace inccl::tools
