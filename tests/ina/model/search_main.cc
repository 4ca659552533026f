// ina_model_search: the model of the aggregation protocol from the command line.
//
//   ina_model_search --list test|soak     the lists of scenarios.cc (default: soak)
//   ina_model_search --calls reduce:2,all-reduce --workers 3 --slots 2 --losses 2 --epochs 2 …
//   ina_model_search --walks 100000 [--seed 7]
//   ina_model_search --mutant no-tag-check [--calls …]
//
// Prints states, events, depth and seconds of each search, and the counterexample where there is
// one. Exit status 0: everything held, and was searched to its end (with --mutant: it was found
// out).
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "ina/model/explorer.h"
#include "ina/model/scenarios.h"
#include "ina/model/state.h"
#include "ina/model/walk.h"

namespace inccl::ina_model {
namespace {

using Arguments = std::map<std::string, std::string>;  // "--losses" → "2"

constexpr const char* kUsage =
    "usage: ina_model_search [--list test|soak] [--max-states N]\n"
    "       ina_model_search --calls name[@root][:chunks],… [--workers N] [--slots S] [--losses "
    "L]\n"
    "           [--duplicates D] [--early E] [--crashes C] [--deaths X] [--epochs E: with repair]\n"
    "           [--everlasting 1] [--overlap 1] [--max-states N]\n"
    "       ina_model_search --walks N [--seed S]\n"
    "       ina_model_search --mutant NAME [--calls … as above]\n";

bool isKnown(const std::string& name) {
  constexpr const char* kNames[] = {"--list",    "--max-states", "--calls",      "--workers",
                                    "--slots",   "--losses",     "--duplicates", "--early",
                                    "--crashes", "--deaths",     "--epochs",     "--everlasting",
                                    "--overlap", "--walks",      "--seed",       "--mutant"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

uint64_t numberIn(const Arguments& arguments, const char* name, uint64_t byDefault) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? byDefault : std::strtoull(found->second.c_str(), nullptr, 10);
}

Exploration search(const Scenario& scenario, const Arguments& arguments) {
  Limits limits;
  limits.states = numberIn(arguments, "--max-states", limits.states);
  limits.checksProgress = !scenario.isEverlasting;
  const Exploration exploration = explore(Job(scenario), limits);
  std::fputs(report(scenario, exploration).c_str(), stdout);
  std::fflush(stdout);
  return exploration;
}

bool searchAll(const std::vector<Scenario>& scenarios, const Arguments& arguments) {
  bool isGood = true;
  uint64_t states = 0;
  for (const Scenario& scenario : scenarios) {
    const Exploration exploration = search(scenario, arguments);
    isGood = isGood && exploration.isComplete && exploration.broken == Property::kHolds;
    states += exploration.states;
  }
  fmt::print("{} scenarios, {} states: {}\n", scenarios.size(), states,
             isGood ? "all hold" : "NOT ALL HOLD");
  return isGood;
}

bool walkMany(uint64_t count, uint64_t seed) {
  fmt::print("{} walks, repeat them with --seed {}\n", count, seed);
  std::mt19937_64 seeds(seed);
  uint64_t events = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t one = seeds();
    const Scenario scenario = randomScenario(one);
    const Walk walked = walk(scenario, one);
    events += walked.events;
    if (walked.broken == Property::kHolds) continue;
    fmt::print("{}: {}\n  {}\n", scenario.name, propertyName(walked.broken),
               fmt::join(walked.trace, "\n  "));
    return false;
  }
  fmt::print("{} walks, {} events: all hold\n", count, events);
  return true;
}

Scenario scenarioFrom(const Arguments& arguments) {
  const auto number = [&](const char* name, uint64_t byDefault) {
    return static_cast<uint8_t>(numberIn(arguments, name, byDefault));
  };
  Scenario scenario;
  scenario.name = "as asked";
  scenario.workers = number("--workers", 2);
  scenario.slots = number("--slots", 1);
  scenario.operations = operationsFrom(arguments.at("--calls"), scenario.workers);
  scenario.budget = {number("--losses", 0), number("--duplicates", 0), number("--early", 0),
                     number("--crashes", 0), number("--deaths", 0)};
  scenario.hasControl = arguments.count("--epochs") != 0;
  scenario.epochs = number("--epochs", 1);
  scenario.isEverlasting = number("--everlasting", 0) != 0;
  scenario.overlaps = number("--overlap", 0) != 0;
  return scenario;
}

bool fitsTheModel(const Scenario& scenario) {
  int chunks = 0;
  for (const Operation& operation : scenario.operations) chunks += operation.chunks;
  const bool canHeal = scenario.hasControl || scenario.budget.crashes + scenario.budget.deaths == 0;
  return scenario.workers >= 2 && scenario.workers <= kMaxWorkers && scenario.slots >= 1 &&
         scenario.slots <= kMaxSlots && scenario.epochs >= 1 && scenario.epochs <= kMaxEpochs &&
         chunks >= 1 && chunks <= kMaxChunks && canHeal;
}

bool findOut(const std::string& name, const Arguments& arguments) {
  for (const Mutant mutant : kAllMutants) {
    if (name != mutantName(mutant)) continue;
    Scenario scenario =
        arguments.count("--calls") != 0 ? scenarioFrom(arguments) : mutantScenario(mutant);
    scenario.mutant = mutant;
    return fitsTheModel(scenario) && search(scenario, arguments).broken != Property::kHolds;
  }
  fmt::print(stderr, "ina_model_search: no mutant '{}'\n", name);
  return false;
}

bool run(const Arguments& arguments) {
  if (arguments.count("--walks") != 0) {
    return walkMany(numberIn(arguments, "--walks", 0),
                    numberIn(arguments, "--seed", std::random_device()()));
  }
  if (arguments.count("--mutant") != 0) return findOut(arguments.at("--mutant"), arguments);
  if (arguments.count("--calls") != 0) {
    const Scenario scenario = scenarioFrom(arguments);
    if (fitsTheModel(scenario)) return searchAll({scenario}, arguments);
    fmt::print(stderr,
               "ina_model_search: the model has no room for that, or its calls are wrong\n");
    return false;
  }
  const auto list = arguments.find("--list");
  const bool isTest = list != arguments.end() && list->second == "test";
  return searchAll(isTest ? testScenarios() : soakScenarios(), arguments);
}

}  // namespace
}  // namespace inccl::ina_model

int main(int argc, char** argv) {
  inccl::ina_model::Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc || !inccl::ina_model::isKnown(argv[i])) {
      std::fputs(inccl::ina_model::kUsage, stderr);
      return 2;
    }
    arguments[argv[i]] = argv[i + 1];
  }
  return inccl::ina_model::run(arguments) ? 0 : 1;
}
