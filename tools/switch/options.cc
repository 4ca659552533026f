// CLI11 reports by exceptions; they end in parseOptions.
#include "switch/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "base/environment.h"
#include "os/socket_address.h"

namespace inccl::switch_tool {
namespace {

constexpr const char* kFooter =
    "Ranks use it with INCCL_INA=HOST:PORT and the same INCCL_INA_TOKEN.\n"
    "Without a token it listens on loopback addresses only. --status serves /, /json and "
    "/metrics.\n"
    "Faults are dice thrown for each datagram that arrives, the same ones for the same --seed.\n"
    "Example: INCCL_INA_TOKEN=secret inccl-switch --port 0.0.0.0:4700 --profile tofino "
    "--loss 0.01";

// What the flags say, before it is looked at together.
struct Words {
  std::string program = "switchml", port = "127.0.0.1:4700", profile = "full", tokenFile, status,
              blackout;
  uint32_t slots = 4096, payload = 0, fanIn = 0;
};

// A range lets NaN through, which is neither below nor above it.
std::string isNumber(const std::string& text) {
  const bool is = !std::isnan(std::strtod(text.c_str(), nullptr));
  return is ? std::string() : fmt::format("{} is not a number", text);
}

void describe(CLI::App& app, Options& options, Words& words) {
  app.add_option("--program", words.program, "What runs in the pipeline: switchml")
      ->capture_default_str();
  app.add_option("--port", words.port,
                 "HOST:PORT of the controller (TCP) and of the data (UDP); port 0: free ones. On a "
                 "host with several addresses name the one that ranks use")
      ->capture_default_str();
  app.add_option("--profile", words.profile,
                 "Budgets that the program keeps: tofino (256-byte payloads), tofino4 (1 KiB, four "
                 "folded pipes) or full")
      ->capture_default_str();
  const CLI::Range slots(1, 65536);  // that a packet can name
  app.add_option("--slots", words.slots, "Slots for all jobs together")
      ->capture_default_str()
      ->check(slots);
  app.add_option("--job-slots", options.server.slotsOfJob, "Slots of one job, at most")
      ->capture_default_str()
      ->check(slots);
  app.add_option("--payload", words.payload,
                 "Bytes of a packet's payload (default: the profile's most, up to 1024)");
  app.add_option("--fan-in", words.fanIn, "Most workers of a job (default: 32)");
  app.add_option("--token-file", words.tokenFile, "File with the token (default: INCCL_INA_TOKEN)");
  app.add_option("--status", words.status, "HOST:PORT of the status page");
  app.add_option("--port-file", options.portFile, "File that gets HOST:PORT once it listens");
  const auto rate = [&](const char* flag, double& value, const char* what) {
    app.add_option(flag, value, what)->check(CLI::Range(0.0, 1.0))->check(isNumber);
  };
  ports::FaultRates& faults = options.server.faults;
  rate("--loss", faults.loss, "Share of datagrams that are lost");
  rate("--duplicate", faults.duplication, "Share that comes twice");
  rate("--reorder", faults.reordering, "Share that is overtaken by up to 8 later ones");
  rate("--corrupt", faults.corruption, "Share with one bit changed");
  rate("--truncate", faults.truncation, "Share that is cut short");
  app.add_option("--blackout", words.blackout,
                 "from:N, to:N or both:N: whoever sends the first datagram after N is cut off from "
                 "then on, in that direction as seen from there");
  app.add_option("--seed", options.server.seed, "Of the faults")->capture_default_str();
  app.add_flag("--quiet", options.quiet, "Say nothing but failures");
}

Result<os::SocketAddress> addressOf(const std::string& flag, const std::string& text) {
  // Port 0 asks for a free one, which is no address to resolve.
  const bool anyPort = text.ends_with(":0");
  auto resolved = os::resolve(anyPort ? text.substr(0, text.size() - 2) : text, 0);
  if (!resolved.ok()) return std::move(resolved).status().within(flag);
  const os::SocketAddress address = resolved.value().front();
  if (address.port() == 0 && !anyPort)
    return invalidUsage(fmt::format("{}: '{}' has no port", flag, text));
  return address;
}

Result<std::string> tokenOf(const Words& words) {
  if (words.tokenFile.empty()) return environmentText("INA_TOKEN").value_or("");
  std::ifstream file(words.tokenFile);
  std::string token;
  if (!std::getline(file, token) || token.empty())
    return invalidUsage(
        fmt::format("--token-file {}: no token in its first line", words.tokenFile));
  return token;
}

Result<ports::Blackout> blackoutOf(const std::string& text) {
  ports::Blackout blackout;
  if (text.empty()) return blackout;
  using Direction = ports::Blackout::Direction;
  const size_t colon = text.find(':');
  const std::string word = text.substr(0, colon);
  blackout.direction = word == "from"   ? Direction::kArriving
                       : word == "to"   ? Direction::kLeaving
                       : word == "both" ? Direction::kBoth
                                        : Direction::kNone;
  const char* const first = colon == std::string::npos ? nullptr : text.data() + colon + 1;
  const char* const last = text.data() + text.size();
  const auto parsed = std::from_chars(first, first ? last : nullptr, blackout.after);
  if (blackout.direction == Direction::kNone || first == nullptr || parsed.ptr != last ||
      parsed.ec != std::errc())
    return invalidUsage(fmt::format("--blackout: '{}' is not from:N, to:N or both:N", text));
  return blackout;
}

Status complete(Options& options, const Words& words) {
  if (words.program != "switchml")
    return invalidUsage(
        fmt::format("--program: '{}' is unknown; there is switchml", words.program));
  const auto profile = pipeline::Profile::byName(words.profile);
  if (!profile)
    return invalidUsage(fmt::format(
        "--profile: '{}' is unknown; there are tofino, tofino4 and full", words.profile));
  emulator::ServerOptions& server = options.server;
  server.profile = *profile;
  server.shape.slots = words.slots;
  server.shape.payloadBytes =
      words.payload != 0 ? words.payload : std::min<size_t>(profile->mostPayloadBytes, 1024);
  server.shape.mostFanIn = words.fanIn != 0 ? words.fanIn : 32;
  INCCL_TRY_ASSIGN(server.blackout, blackoutOf(words.blackout));
  INCCL_TRY_ASSIGN(server.address, addressOf("--port", words.port));
  if (!words.status.empty()) {
    INCCL_TRY_ASSIGN(server.status, addressOf("--status", words.status));
  }
  INCCL_TRY_ASSIGN(server.token, tokenOf(words));
  if (server.token.empty() && !server.address.isLoopback())
    return invalidUsage(fmt::format(
        "{} is not a loopback address: say a token (INCCL_INA_TOKEN or --token-file), or anybody "
        "could join",
        words.port));
  return {};
}

}  // namespace

std::variant<Options, Leave> parseOptions(int argc, const char* const* argv) {
  Options options;
  Words words;
  CLI::App app{"inccl-switch: an emulated switch that sums what ranks send", "inccl-switch"};
  app.footer(kFooter);
  app.set_version_flag("--version", INCCL_SWITCH_VERSION);
  describe(app, options, words);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, problem;
    const bool asked = app.exit(error, out, problem) == 0;
    return Leave{asked ? 0 : kExitUsage, out.str() + problem.str()};
  }
  if (const Status completed = complete(options, words); !completed.ok())
    return Leave{kExitUsage, fmt::format("inccl-switch: {}\n", completed.message())};
  return options;
}

}  // namespace inccl::switch_tool
