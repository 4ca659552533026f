// How the parts of inccl-perf say that they failed.
//
// The tool stands on the public library only, so it has no use of the library's own Status. A
// Problem is one sentence for the person at the terminal: what was tried, on which rank, what came
// back. Nothing in the tool branches on the kind of a problem, so it carries no code. An
// Outcome<T> is a value or a Problem; PERF_TRY passes a problem up.
#pragma once

#include <inccl/inccl.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace inccl::perf {

struct Problem {
  std::string text;
};

template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  Outcome(Problem problem)
      : state_(std::in_place_index<1>, std::move(problem)) {}  // NOLINT: implicit

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  T& value() { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const { return std::get<0>(state_); }
  [[nodiscard]] const Problem& problem() const { return std::get<1>(state_); }

 private:
  std::variant<T, Problem> state_;
};

// Done, or a Problem.
using Done = Outcome<std::monostate>;
inline Done done() { return std::monostate{}; }

// Success, or "what: code text: the library's sentence". `comm` may be NULL.
Done checkCall(incclResult_t result, const char* what, incclComm_t comm);

}  // namespace inccl::perf

#define PERF_TRY(expression)                                                                \
  do {                                                                                      \
    if (auto&& perfOutcome = (expression); !perfOutcome.ok()) return perfOutcome.problem(); \
  } while (false)
