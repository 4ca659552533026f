// How everything inside the library says that it failed.
//
// A Status is OK (a null pointer: success costs nothing and allocates nothing) or a code with a
// sentence that names what failed and where: object, peer, system error. Codes are those of the
// public header, value for value, so that the C boundary is a cast. Why not exceptions: errors here
// are born on service threads and on peers, not on the caller's stack; they are stored, sent over
// the wire and handed to several waiters. Only the place that decides an error words it.
//
// Result<T> is a value or a Status. INCCL_TRY passes a failure up.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace inccl {

// Values of incclResult_t (which are those of ncclResult_t up to 8; ours start at 100).
enum class Code : int {
  kOk = 0,
  kUnhandledCudaError = 1,
  kSystemError = 2,
  kInternalError = 3,
  kInvalidArgument = 4,
  kInvalidUsage = 5,
  kRemoteError = 6,
  kInProgress = 7,
  kTimeout = 8,
  kAborted = 100,
};

std::string_view codeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message)
      : failure_(std::make_unique<Failure>(Failure{code, std::move(message)})) {}
  Status(const Status& other) { *this = other; }
  Status& operator=(const Status& other) {
    if (this != &other)
      failure_ = other.failure_ ? std::make_unique<Failure>(*other.failure_) : nullptr;
    return *this;
  }
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;

  [[nodiscard]] bool ok() const { return failure_ == nullptr; }
  [[nodiscard]] Code code() const { return failure_ ? failure_->code : Code::kOk; }
  [[nodiscard]] std::string_view message() const {
    return failure_ ? std::string_view(failure_->message) : std::string_view();
  }
  // The same failure with "where: " put before its sentence.
  Status within(std::string_view where) &&;

 private:
  struct Failure {
    Code code;
    std::string message;
  };
  std::unique_ptr<Failure> failure_;
};

// "what: strerror(errorNumber)" as a kSystemError.
Status systemError(std::string_view what, int errorNumber);
inline Status invalidArgument(std::string message) {
  return {Code::kInvalidArgument, std::move(message)};
}
inline Status invalidUsage(std::string message) {
  return {Code::kInvalidUsage, std::move(message)};
}
inline Status internalError(std::string message) {
  return {Code::kInternalError, std::move(message)};
}
inline Status remoteError(std::string message) { return {Code::kRemoteError, std::move(message)}; }
inline Status timeoutError(std::string message) { return {Code::kTimeout, std::move(message)}; }

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit
  Result(Status failure)
      : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT: implicit

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &value(); }
  T& operator*() & { return value(); }
  [[nodiscard]] Status status() const& { return ok() ? Status() : std::get<1>(state_); }
  [[nodiscard]] Status status() && { return ok() ? Status() : std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Status> state_;
};

#define INCCL_CONCAT_INNER(a, b) a##b
#define INCCL_CONCAT(a, b) INCCL_CONCAT_INNER(a, b)

// INCCL_TRY(call()): returns from the enclosing function when call() failed.
#define INCCL_TRY(expression)                                                        \
  do {                                                                               \
    if (::inccl::Status tryStatus = (expression); !tryStatus.ok()) return tryStatus; \
  } while (0)

// INCCL_TRY_ASSIGN(auto x, call()): x = value of the Result, or return its failure.
#define INCCL_TRY_ASSIGN(declaration, expression) \
  INCCL_TRY_ASSIGN_INNER(INCCL_CONCAT(tryResult, __LINE__), declaration, expression)
#define INCCL_TRY_ASSIGN_INNER(name, declaration, expression) \
  auto name = (expression);                                   \
  if (!name.ok()) return std::move(name).status();            \
  declaration = std::move(name).value()

}  // namespace inccl
