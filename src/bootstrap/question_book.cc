#include "bootstrap/question_book.h"

#include <fmt/format.h>

#include <utility>

namespace inccl::bootstrap {
namespace {

std::string wordDifference(int rank, const OpSignature& signature, int other,
                           const OpSignature& otherSignature, uint32_t sequence) {
  std::pair<int, std::string> first{rank, signature.describe()};
  std::pair<int, std::string> second{other, otherSignature.describe()};
  if (second.first < first.first) std::swap(first, second);
  return fmt::format("rank {} called {} as operation {}, rank {} called {}", first.first,
                     first.second, sequence, second.first, second.second);
}

}  // namespace

void QuestionBook::ask(int rank, uint32_t sequence, const OpSignature& signature) {
  if (rank < 0 || static_cast<size_t>(rank) >= questions_.size()) return;
  Question& question = questions_[static_cast<size_t>(rank)];
  if (!question.open) ++openCount_;
  question = {true, sequence, signature};
}

std::optional<std::string> QuestionBook::findDifference(int self, const OpHistory& history) {
  if (openCount_ == 0) return std::nullopt;
  const uint32_t current = history.current();
  for (size_t rank = 0; rank < questions_.size(); ++rank) {
    Question& question = questions_[rank];
    // Sequence numbers wrap around, so that "not yet" is a difference, not a comparison.
    if (!question.open || static_cast<int32_t>(current - question.sequence) < 0) continue;
    question.open = false;
    --openCount_;
    const auto mine = history.find(question.sequence);
    // Forgotten: 256 operations later nobody can have been waiting for that one.
    if (!mine || *mine == question.signature) continue;
    return wordDifference(static_cast<int>(rank), question.signature, self, *mine,
                          question.sequence);
  }
  return std::nullopt;
}

}  // namespace inccl::bootstrap
