// inccl-perf: measures and verifies collectives.
//
// main decides where ranks run (children of --np, or this process with the rank that a launcher
// gave it), and how the unique id reaches them; run_rank.cc is what each of them does.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "perf/id_exchange.h"
#include "perf/options.h"
#include "perf/plot.h"
#include "perf/report_json.h"
#include "perf/run_rank.h"
#include "perf/supervisor.h"

namespace inccl::perf {
namespace {

int fail(const Problem& problem) {
  fmt::print(stderr, "inccl-perf: {}\n", problem.text);
  return kExitCannotRun;
}

// The standard library throws where memory ends; nothing else does.
template <typename Body>
int guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "inccl-perf: %s\n", error.what());
    return kExitCannotRun;
  }
}

// The library reads its choices from the environment.
void applyChoices(const Options& o) {
  const std::pair<const char*, const std::string*> choices[] = {{"INCCL_TRANSPORT", &o.transport},
                                                                {"INCCL_ALGO", &o.algorithm},
                                                                {"INCCL_PROTO", &o.protocol}};
  for (const auto& [name, value] : choices)
    if (!value->empty()) setenv(name, value->c_str(), 1);
}

// Before any rank starts: the JSON file is there or the run does not begin.
Done prepareOutputs(Options& o) {
  for (const std::string& note : o.notes) fmt::print(stderr, "inccl-perf: note: {}\n", note);
  if (!o.plotPath.empty() && !haveGnuplot())
    fmt::print(stderr,
               "inccl-perf: note: --plot: gnuplot is not installed, there will be no picture\n");
  if (o.jsonPath.empty()) return done();
  Outcome<std::string> reserved = reserveFile(o.jsonPath);
  if (!reserved.ok()) return Problem{"-J: " + reserved.problem().text};
  o.jsonPath = std::move(reserved.value());
  return done();
}

// A rank that was killed leaves the reserved file empty.
void dropEmptyOutput(const Options& o) {
  std::error_code ignored;
  if (!o.jsonPath.empty() && std::filesystem::file_size(o.jsonPath, ignored) == 0 && !ignored)
    std::filesystem::remove(o.jsonPath, ignored);
}

// The ranks of one process, each on its thread.
int runThreads(const Options& o, int process, int processes, const incclUniqueId& id) {
  const int ranks = processes * o.threads;
  std::vector<int> statuses(static_cast<size_t>(o.threads));
  std::vector<std::jthread> threads;  // joined even when one of them cannot start
  const auto body = [&](int thread) {
    statuses[static_cast<size_t>(thread)] = guarded([&] {
      return runRank(o, {process * o.threads + thread, ranks, id});
    });
  };
  for (int thread = 1; thread < o.threads; ++thread) threads.emplace_back(body, thread);
  body(0);
  for (std::jthread& thread : threads) thread.join();
  return *std::max_element(statuses.begin(), statuses.end());
}

int runForkedProcess(const Options& o, int process, IdExchange& exchange) {
  if (process == 0) {
    incclUniqueId id{};
    const Done made = checkCall(incclGetUniqueId(&id), "rank 0: incclGetUniqueId", nullptr);
    if (!made.ok()) {
      exchange.giveUp();
      return fail(made.problem());
    }
    exchange.publish(id);
  }
  const Outcome<incclUniqueId> id = exchange.await();
  if (!id.ok()) return fail(id.problem());
  return runThreads(o, process, o.processes, id.value());
}

int runForked(Options& o) {
  if (const Done prepared = prepareOutputs(o); !prepared.ok()) return fail(prepared.problem());
  Outcome<IdExchange> exchange = IdExchange::create();
  if (!exchange.ok()) return fail(exchange.problem());
  const Outcome<int> status = superviseProcesses(o.processes, o.threads, [&](int process) {
    return runForkedProcess(o, process, exchange.value());
  });
  dropEmptyOutput(o);
  return status.ok() ? status.value() : fail(status.problem());
}

// The id of a launch of one process leads nowhere, since its rank would be alone: threads meet by
// an id of their own.
Done findLaunch(const Options& o, incclUniqueId& id, int& processes, int& process) {
  PERF_TRY(checkCall(incclGetUniqueIdFromLauncher(&id, &processes, &process),
                     "the launcher's environment", nullptr));
  if (processes > 1 || o.threads == 1) return done();
  return checkCall(incclGetUniqueId(&id), "incclGetUniqueId", nullptr);
}

int runLaunched(Options& o) {
  incclUniqueId id{};
  int processes = 1, process = 0;
  const Done found = findLaunch(o, id, processes, process);
  if (!found.ok()) return fail(found.problem());
  if (const Done root = checkRoot(o, processes * o.threads); !root.ok()) {
    (void)fail(root.problem());
    return kExitUsage;
  }
  if (process == 0) {
    if (const Done prepared = prepareOutputs(o); !prepared.ok()) return fail(prepared.problem());
  }
  const int status = runThreads(o, process, processes, id);
  if (process == 0) dropEmptyOutput(o);
  return status;
}

int run(int argc, char** argv) {
  std::variant<Options, Leave> parsed = parseOptions(argc, argv);
  if (const Leave* leave = std::get_if<Leave>(&parsed)) {
    fmt::print(leave->status == 0 ? stdout : stderr, "{}", leave->text);
    return leave->status;
  }
  Options& options = std::get<Options>(parsed);
  applyChoices(options);
  return options.processes > 0 ? runForked(options) : runLaunched(options);
}

}  // namespace
}  // namespace inccl::perf

int main(int argc, char** argv) {
  return inccl::perf::guarded([&] { return inccl::perf::run(argc, argv); });
}
