// What is given before anything happens: who calls what, what may go wrong, which rule is broken.
//
// A Scenario is what a test writes down; a Job is the same with everything looked up that each
// transition asks (which operation has chunk c, what its true sum is). Both stay as they are while
// states change.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ina/model/values.h"

namespace inccl::ina_model {

using WorkerSet = uint8_t;  // bit w
inline constexpr WorkerSet allOf(int workers) {
  return static_cast<WorkerSet>((1U << workers) - 1);
}
inline constexpr WorkerSet onlyWorker(int worker) { return static_cast<WorkerSet>(1U << worker); }
inline constexpr bool has(WorkerSet set, int worker) { return (set >> worker & 1) != 0; }

// One collective, in place. `tag` stands for the hash of all that ranks must agree on.
struct Operation {
  uint8_t chunks = 1;
  WorkerSet contributors = 0;
  WorkerSet receivers = 0;
  uint8_t tag = 1;
};
Operation allReduce(int workers, int chunks, int tag);
Operation reduceTo(int root, int workers, int chunks, int tag);
Operation broadcastFrom(int root, int workers, int chunks, int tag);

// Rules that somebody might have thought good enough. Each must be found out.
enum class Mutant : uint8_t {
  kNone,
  kNoGenerationCheck,        // the switch knows only the version bit, as SwitchML was published
  kNoTagCheck,               // the switch adds up whatever bears the same slot and generation
  kNoAnswerToNonReceivers,   // who receives nothing hears nothing
  kRedoOperation,            // repair: the unfinished operation, once more on the host
  kRedoLackingChunks,        // repair: each chunk that some rank lacks, once more on the host
  kNoRetainedResults,        // repair: a holder copies out of its buffer
  kResultsAfterReport,       // repair: a rank that has reported goes on taking results
  kNoRetainedContributions,  // repair: who received a header alone keeps nothing of that chunk
};
inline constexpr Mutant kAllMutants[] = {
    Mutant::kNoGenerationCheck,      Mutant::kNoTagCheck,
    Mutant::kNoAnswerToNonReceivers, Mutant::kRedoOperation,
    Mutant::kRedoLackingChunks,      Mutant::kNoRetainedResults,
    Mutant::kResultsAfterReport,     Mutant::kNoRetainedContributions};
const char* mutantName(Mutant mutant);

// How often each thing may go wrong in one run.
struct Budget {
  uint8_t losses = 0;
  uint8_t duplicates = 0;
  uint8_t earlyTimeouts = 0;  // time-outs while the answer is still on its way
  uint8_t crashes = 0;        // of the switch
  uint8_t deaths = 0;         // of ranks
};

struct Scenario {
  std::string name;
  int workers = 2;
  int slots = 1;
  std::vector<Operation> operations;
  std::vector<Operation> lastWorkerCalls;  // instead, by the last worker; empty: the same
  Budget budget;
  bool overlaps = false;    // operations may be called before the ones ahead have returned
  bool hasControl = false;  // a host control channel: suspicion, repair, notices of failure
  int epochs = 1;           // that may run in the network; the repair after the last is to the host
  bool isEverlasting = false;  // packets are never used up: any number of losses and duplicates
  bool isReduced = true;       // reductions.h; without, for the test that they hide nothing
  Mutant mutant = Mutant::kNone;
};

struct Job {
  explicit Job(const Scenario& scenario);

  Scenario scenario;
  int workers, slots, chunks, operations;
  Mutant mutant;
  WorkerSet everybody;
  using ByChunk = std::array<uint8_t, kMaxChunks + 1>;
  std::array<ByChunk, kMaxWorkers> operationOf{};
  std::array<ByChunk, kMaxWorkers> firstChunk{};  // by operation; one past the last, `chunks`
  std::array<Value, kMaxChunks> trueSum{};        // 0 where ranks mean different operations

  [[nodiscard]] const Operation& operation(int worker, int number) const;
  [[nodiscard]] const Operation& operationWith(int worker, int chunk) const {
    return operation(worker, operationOf[worker][chunk]);
  }
};

}  // namespace inccl::ina_model
