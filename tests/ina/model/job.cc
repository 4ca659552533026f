#include "ina/model/job.h"

namespace inccl::ina_model {

Operation allReduce(int workers, int chunks, int tag) {
  return {static_cast<uint8_t>(chunks), allOf(workers), allOf(workers), static_cast<uint8_t>(tag)};
}

Operation reduceTo(int root, int workers, int chunks, int tag) {
  return {static_cast<uint8_t>(chunks), allOf(workers), onlyWorker(root),
          static_cast<uint8_t>(tag)};
}

Operation broadcastFrom(int root, int workers, int chunks, int tag) {
  return {static_cast<uint8_t>(chunks), onlyWorker(root),
          static_cast<WorkerSet>(allOf(workers) & ~onlyWorker(root)), static_cast<uint8_t>(tag)};
}

const char* mutantName(Mutant mutant) {
  switch (mutant) {
    case Mutant::kNone:
      return "none";
    case Mutant::kNoGenerationCheck:
      return "no-generation-check";
    case Mutant::kNoTagCheck:
      return "no-tag-check";
    case Mutant::kNoAnswerToNonReceivers:
      return "no-answer-to-non-receivers";
    case Mutant::kRedoOperation:
      return "redo-operation";
    case Mutant::kRedoLackingChunks:
      return "redo-lacking-chunks";
    case Mutant::kNoRetainedResults:
      return "no-retained-results";
    case Mutant::kResultsAfterReport:
      return "results-after-report";
    case Mutant::kNoRetainedContributions:
      return "no-retained-contributions";
  }
  return "?";
}

const Operation& Job::operation(int worker, int number) const {
  const bool isOther = worker == workers - 1 && !scenario.lastWorkerCalls.empty();
  const auto& calls = isOther ? scenario.lastWorkerCalls : scenario.operations;
  return calls[static_cast<size_t>(number)];
}

Job::Job(const Scenario& given)
    : scenario(given),
      workers(given.workers),
      slots(given.slots),
      chunks(0),
      operations(static_cast<int>(given.operations.size())),
      mutant(given.mutant),
      everybody(allOf(given.workers)) {
  for (int w = 0; w < workers; ++w) {
    int chunk = 0;
    for (int o = 0; o < operations; ++o) {
      firstChunk[w][o] = static_cast<uint8_t>(chunk);
      for (int i = 0; i < operation(w, o).chunks; ++i) {
        operationOf[w][chunk++] = static_cast<uint8_t>(o);
      }
    }
    firstChunk[w][operations] = static_cast<uint8_t>(chunk);
    chunks = chunk;
  }
  for (int c = 0; c < chunks; ++c) {
    for (int w = 0; w < workers; ++w) {
      if (operationWith(w, c).tag != operationWith(0, c).tag) {
        trueSum[c] = 0;
        break;
      }
      if (has(operationWith(0, c).contributors, w)) trueSum[c] |= ownContribution(w, c);
    }
  }
}

}  // namespace inccl::ina_model
