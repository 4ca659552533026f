// What ranks that wait long have asked, and whether this rank did the same.
//
// A rank that hangs asks all others: "I called this as operation n; and you?". A rank that has
// begun operation n compares at once; one that has not got there remembers the question. Only the
// newest question of each rank counts: an asker that has moved on does not hang in the old one.
// Threading: none of its own; the service thread's in Member.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/op_history.h"
#include "base/op_signature.h"

namespace inccl::bootstrap {

class QuestionBook {
 public:
  explicit QuestionBook(int rankCount) : questions_(static_cast<size_t>(rankCount)) {}

  void ask(int rank, uint32_t sequence, const OpSignature& signature);
  // Compares all that can be compared now. The sentence that names both ranks and both calls when
  // this rank (`self`) did something else.
  [[nodiscard]] std::optional<std::string> findDifference(int self, const OpHistory& history);

 private:
  struct Question {
    bool open = false;
    uint32_t sequence = 0;
    OpSignature signature;
  };
  std::vector<Question> questions_;  // by asking rank
  size_t openCount_ = 0;
};

}  // namespace inccl::bootstrap
