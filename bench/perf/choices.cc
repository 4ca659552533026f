// The words, and the grammar around them.
#include "perf/choices.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace inccl::perf {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> kTransports{"auto", "inproc", "shm", "tcp"};
constexpr std::array<std::string_view, 15> kAlgorithms{
    "ring", "rd",          "recursive_doubling", "direct",    "half",
    "tree", "double_tree", "binomial",           "knomial",   "rabenseifner",
    "pat",  "bruck",       "pairwise",           "two_level", "ina"};
constexpr std::array<std::string_view, 6> kProtocols{"tiny",    "flat", "half",
                                                     "publish", "read", "lanes"};
constexpr std::array<std::string_view, 9> kFunctions{"allreduce", "broadcast",     "allgather",
                                                     "reduce",    "reducescatter", "alltoall",
                                                     "gather",    "scatter",       "barrier"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return result;
}

Done lookUp(const char* flag, std::string_view word, Words known) {
  if (std::find(known.begin(), known.end(), lower(word)) != known.end()) return done();
  return Problem{
      fmt::format("{}: '{}' is unknown; known are {}", flag, word, fmt::join(known, " "))};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Done checkRules(const char* flag, std::string_view text, Words known) {
  if (text.empty() || lower(text) == "auto") return done();
  for (std::string_view part : split(text, ';')) {
    if (const size_t colon = part.find(':'); colon != std::string_view::npos) {
      PERF_TRY(lookUp(flag, part.substr(0, colon), kFunctions));
      part.remove_prefix(colon + 1);
    }
    if (part.starts_with('^')) part.remove_prefix(1);
    for (const std::string_view word : split(part, ',')) PERF_TRY(lookUp(flag, word, known));
  }
  return done();
}

}  // namespace

Words transportWords() { return kTransports; }
Words algorithmWords() { return kAlgorithms; }
Words protocolWords() { return kProtocols; }
Words functionWords() { return kFunctions; }

Done checkTransport(std::string_view text) {
  return text.empty() ? done() : lookUp("--transport", text, kTransports);
}
Done checkAlgorithms(std::string_view text) { return checkRules("--algo", text, kAlgorithms); }
Done checkProtocols(std::string_view text) { return checkRules("--proto", text, kProtocols); }

}  // namespace inccl::perf
