#include "ina/model/scenarios.h"

#include <fmt/format.h>

#include <sstream>

namespace inccl::ina_model {
namespace {

int numberAfter(const std::string& word, char mark, int byDefault) {
  const size_t at = word.find(mark);
  return at == std::string::npos ? byDefault : std::atoi(word.c_str() + at + 1);
}

// "L2 D1 E1 C0 X0": losses, duplicates, early time-outs, crashes, deaths.
std::string nameOf(const Budget& budget) {
  return fmt::format("L{} D{} E{} C{} X{}", budget.losses, budget.duplicates, budget.earlyTimeouts,
                     budget.crashes, budget.deaths);
}

// Without a control channel: workers and the switch alone.
Scenario dataPlane(const char* operations, int workers, int slots, Budget budget) {
  Scenario scenario;
  scenario.name = fmt::format("no repair, {} workers, {} slots, {}, {}", workers, slots, operations,
                              nameOf(budget));
  scenario.workers = workers;
  scenario.slots = slots;
  scenario.operations = operationsFrom(operations, workers);
  scenario.budget = budget;
  return scenario;
}

Scenario withRepair(const char* operations, int workers, int slots, int epochs, Budget budget) {
  Scenario scenario = dataPlane(operations, workers, slots, budget);
  scenario.name = fmt::format("repair, {} workers, {} slots, {}, {} epochs, {}", workers, slots,
                              operations, epochs, nameOf(budget));
  scenario.hasControl = true;
  scenario.epochs = epochs;
  return scenario;
}

Scenario everlasting(const char* operations, int workers, int slots, int epochs) {
  Budget budget;
  budget.crashes = budget.deaths = 1;
  Scenario scenario = withRepair(operations, workers, slots, epochs, budget);
  scenario.name += ", packets for ever";
  scenario.isEverlasting = true;
  return scenario;
}

Scenario overlapping(Scenario scenario) {
  scenario.overlaps = true;
  scenario.name += ", operations overlap";
  return scenario;
}

// The last rank calls as many chunks, but other operations.
Scenario otherCalls(bool hasControl) {
  Scenario scenario = dataPlane("all-reduce:2,all-reduce", 2, 1, {1, 1, 1, 0, 0});
  if (hasControl) scenario = withRepair("all-reduce:2,all-reduce", 2, 1, 1, {1, 1, 0, 1, 1});
  scenario.name += ", ranks disagree";
  scenario.lastWorkerCalls = {allReduce(2, 1, 3), allReduce(2, 2, 4)};
  return scenario;
}

}  // namespace

std::vector<Operation> operationsFrom(const std::string& text, int workers) {
  std::vector<Operation> operations;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const std::string kind = word.substr(0, word.find_first_of("@:"));
    const int root = numberAfter(word, '@', 0), chunks = numberAfter(word, ':', 1);
    const int tag = static_cast<int>(operations.size()) + 1;
    if (root < 0 || root >= workers || chunks < 1 || chunks > kMaxChunks) return {};
    if (kind == "all-reduce") {
      operations.push_back(allReduce(workers, chunks, tag));
    } else if (kind == "reduce") {
      operations.push_back(reduceTo(root, workers, chunks, tag));
    } else if (kind == "broadcast") {
      operations.push_back(broadcastFrom(root, workers, chunks, tag));
    } else {
      return {};
    }
  }
  return operations;
}

std::vector<Scenario> testScenarios() {
  // losses, duplicates, early time-outs, crashes, deaths
  return {
      dataPlane("all-reduce:2,reduce:2", 2, 1, {2, 1, 1, 0, 0}),
      dataPlane("all-reduce:4,all-reduce:2", 2, 2, {2, 1, 0, 0, 0}),
      dataPlane("reduce:3,all-reduce:3", 2, 2, {1, 1, 1, 0, 0}),
      dataPlane("broadcast@1:2,all-reduce:2", 2, 1, {2, 1, 1, 0, 0}),
      otherCalls(false),
      otherCalls(true),
      withRepair("reduce,all-reduce", 2, 1, 2, {2, 1, 1, 1, 1}),
      withRepair("all-reduce,reduce@1", 2, 1, 2, {2, 1, 1, 1, 1}),
      withRepair("all-reduce:2,reduce", 2, 1, 1, {2, 1, 0, 1, 1}),
      withRepair("broadcast:2,all-reduce", 2, 1, 2, {1, 1, 0, 1, 1}),
      withRepair("reduce:2,all-reduce", 2, 2, 1, {2, 1, 0, 1, 1}),
      everlasting("reduce:2,all-reduce:2", 2, 1, 3),
      everlasting("all-reduce:2,reduce@1:2", 2, 2, 2),
      everlasting("reduce:3,all-reduce:3", 2, 2, 1),
      overlapping(dataPlane("reduce:3,all-reduce:3", 2, 2, {1, 1, 0, 0, 0})),
      overlapping(withRepair("reduce,all-reduce:2", 2, 2, 1, {1, 0, 0, 1, 0})),
      overlapping(everlasting("reduce,all-reduce,reduce@1:2", 2, 2, 2)),
  };
}

std::vector<Scenario> soakScenarios() {
  return {
      dataPlane("all-reduce:2,reduce:2", 3, 1, {2, 1, 1, 0, 0}),
      dataPlane("all-reduce:2,reduce:2", 3, 2, {1, 1, 0, 0, 0}),
      withRepair("reduce,all-reduce", 3, 1, 1, {2, 1, 0, 1, 1}),
      withRepair("all-reduce,reduce@1", 3, 1, 1, {2, 1, 0, 1, 1}),
      withRepair("reduce,all-reduce", 3, 1, 2, {1, 0, 0, 1, 1}),
      withRepair("reduce:2,all-reduce:2", 2, 2, 2, {1, 1, 0, 1, 0}),
      withRepair("reduce:2,all-reduce:2", 2, 2, 1, {2, 1, 0, 1, 1}),
      everlasting("reduce:2,all-reduce:2", 3, 1, 2),
      everlasting("all-reduce:2,reduce@1:2", 3, 2, 1),
      everlasting("reduce:4,all-reduce:4", 2, 2, 3),
      overlapping(withRepair("reduce,all-reduce:2", 2, 2, 2, {1, 1, 0, 1, 0})),
      overlapping(everlasting("reduce,all-reduce:3,reduce@1:2", 2, 2, 3)),
      overlapping(everlasting("reduce,all-reduce,reduce@1", 3, 2, 1)),
  };
}

Scenario mutantScenario(Mutant mutant) {
  Scenario scenario;
  switch (mutant) {
    case Mutant::kNone:
    case Mutant::kNoGenerationCheck:
      scenario = dataPlane("all-reduce:2,all-reduce", 2, 1, {0, 1, 0, 0, 0});
      break;
    case Mutant::kNoTagCheck:
      scenario = otherCalls(false);
      break;
    case Mutant::kNoAnswerToNonReceivers:
      scenario = dataPlane("reduce,all-reduce", 2, 1, {});
      break;
    case Mutant::kRedoOperation:
    case Mutant::kRedoLackingChunks:
    case Mutant::kNoRetainedResults:
    case Mutant::kResultsAfterReport:
      scenario = withRepair("all-reduce:2,reduce", 2, 1, 1, {1, 0, 0, 1, 0});
      break;
    case Mutant::kNoRetainedContributions:
      scenario = withRepair("reduce,all-reduce:2", 2, 1, 1, {1, 0, 0, 1, 0});
      break;
  }
  scenario.mutant = mutant;
  scenario.name = fmt::format("mutant {}: {}", mutantName(mutant), scenario.name);
  return scenario;
}

}  // namespace inccl::ina_model
