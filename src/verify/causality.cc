#include "verify/causality.h"

#include <fmt/format.h>

namespace inccl::verify {

using schedule::StepGraph;
using schedule::StepId;

// A step knows that its own rank has entered, and what the steps before it knew. A rank leaves when
// all of its lanes have ended, so it knows what any of its steps knows.
Status checkBarrier(const StepGraph& graph, const std::vector<StepId>& order) {
  const int ranks = graph.schedule().rankCount;
  using Entered = std::vector<bool>;
  const auto join = [](Entered& into, const Entered& from) {
    for (size_t i = 0; i < into.size(); ++i) into[i] = into[i] || from[i];
  };
  std::vector<Entered> knownBy(graph.stepCount(), Entered(ranks, false));
  std::vector<Entered> atExit(ranks, Entered(ranks, false));
  for (const StepId id : order) {
    const int rank = graph.place(id).rank;
    knownBy[id][rank] = true;
    graph.forEachPredecessor(id, [&](StepId before) { join(knownBy[id], knownBy[before]); });
    join(atExit[rank], knownBy[id]);
  }
  for (int rank = 0; rank < ranks; ++rank) {
    for (int other = 0; other < ranks; ++other) {
      if (other != rank && !atExit[rank][other])
        return invalidArgument(fmt::format(
            "rank {} may leave the barrier before rank {} has entered it", rank, other));
    }
  }
  return {};
}

}  // namespace inccl::verify
