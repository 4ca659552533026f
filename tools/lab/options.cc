// CLI11 reports by exceptions; they end in parseOptions.
#include "lab/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>

#include "lab/register.h"

namespace inccl::lab {
namespace {

constexpr const char* kFooter =
    "Exit status: that of the command, the worst of all ranks (128 + signal where one was "
    "killed),\n"
    "124 when --timeout ended it; of the lab itself 1, and 2 for a wrong command line.\n"
    "Example: inccl-lab run topologies/lab_two_hosts_500mbit.json -- inccl-perf all_reduce -b 1M "
    "-e 1M";

struct Subcommands {
  CLI::App *run, *up, *exec, *down, *show, *status, *calibrate;
};

void addRankFlags(CLI::App& app, Options& options) {
  app.add_flag("--counters", options.counters, "Afterwards say how many bytes each link carried");
  app.add_flag("!--no-prefix", options.marks, "No \"[rank] \" before each line");
  app.add_option("--timeout", options.timeoutSeconds, "End everything after so many seconds")
      ->check(CLI::NonNegativeNumber);
}

Subcommands describe(CLI::App& app, Options& options, std::vector<std::string>& places) {
  Subcommands s{};
  s.run = app.add_subcommand("run", "A lab for one command: every rank runs it, then all is gone");
  s.run->add_option("FILE", options.file, "Topology")->required();
  addRankFlags(*s.run, options);
  s.up = app.add_subcommand("up", "Build a lab that stays until `down`");
  s.up->add_option("FILE", options.file, "Topology")->required();
  s.up->add_option("--name", options.name, "What to call it (default: the topology's name)");
  s.exec = app.add_subcommand("exec", "Run a command on a host of a lab, or as every rank");
  s.exec->add_option("PLACE", places, "[NAME] HOST, or [NAME] with --all")->expected(0, 2);
  s.exec->add_flag("--all", options.allRanks, "One process for each rank");
  addRankFlags(*s.exec, options);
  s.down = app.add_subcommand("down", "End a lab and all that runs in it");
  s.down->add_option("NAME", options.name, "Default: the only one that is up");
  s.show = app.add_subcommand("show", "Hosts, interfaces, addresses and rates of a lab");
  s.show->add_option("FILE|NAME", options.file, "A topology, or a lab that is up")->required();
  s.show->add_flag("--json", options.json, "As JSON");
  s.status = app.add_subcommand("status", "Labs that are up");
  s.status->add_flag("--json", options.json, "As JSON");
  s.calibrate = app.add_subcommand("calibrate", "Measure each link with one TCP flow");
  s.calibrate->add_option("FILE|NAME", options.file, "A topology, or a lab that is up")->required();
  return s;
}

// What the words before "--" and after it must be together; empty when all is well.
std::string check(Options& o, const std::vector<std::string>& places) {
  const bool takesCommand = o.verb == Verb::kRun || o.verb == Verb::kExec;
  if (takesCommand && o.command.empty()) return "say the command after \"--\"";
  if (!takesCommand && !o.command.empty()) return "only run and exec take a command";
  if (o.verb == Verb::kExec) {
    const size_t most = o.allRanks ? 1 : 2;
    if (places.size() > most) return fmt::format("'{}' is one word too many", places.back());
    if (!o.allRanks && places.empty()) return "say a host, or --all";
    if (!o.allRanks) o.host = places.back();
    if (places.size() == most) o.name = places.front();
    if (!o.allRanks && o.counters) return "--counters belongs to --all";
  }
  if (!o.name.empty() && !isLabName(o.name))
    return fmt::format("'{}' is no name: letters, digits, '_', '-' and '.', at most 64", o.name);
  return {};
}

}  // namespace

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto dashes = std::ranges::find(words, "--");
  Options options;
  std::vector<std::string> places;
  CLI::App app{"A topology as network namespaces with rate-limited links on this machine.",
               "inccl-lab"};
  app.footer(kFooter);
  app.require_subcommand(1);
  const Subcommands s = describe(app, options, places);
  try {
    std::vector<std::string> reversed(words.begin(), dashes);
    std::ranges::reverse(reversed);
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return Leave{0, app.help()};
  } catch (const CLI::ParseError& error) {
    return Leave{kExitUsage, fmt::format("inccl-lab: {} (see --help)\n", error.what())};
  }
  if (dashes != words.end()) options.command.assign(dashes + 1, words.end());
  const std::pair<const CLI::App*, Verb> verbs[] = {{s.run, Verb::kRun},
                                                    {s.up, Verb::kUp},
                                                    {s.exec, Verb::kExec},
                                                    {s.down, Verb::kDown},
                                                    {s.show, Verb::kShow},
                                                    {s.status, Verb::kStatus},
                                                    {s.calibrate, Verb::kCalibrate}};
  for (const auto& [app_, verb] : verbs)
    if (app_->parsed()) options.verb = verb;
  if (const std::string wrong = check(options, places); !wrong.empty())
    return Leave{kExitUsage, fmt::format("inccl-lab: {} (see --help)\n", wrong)};
  return options;
}

}  // namespace inccl::lab
