// The document, part by part.
#include "perf/report_json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

extern char** environ;

namespace inccl::perf {
namespace {

using Json = nlohmann::ordered_json;

const char* asText(bool value) { return value ? "true" : "false"; }

// JSON has no NaN and no infinity; nccl-tests writes them as strings.
Json number(double value) {
  if (std::isfinite(value)) return value;
  return std::isnan(value) ? "nan" : "inf";
}

bool isSecret(std::string_view name) {
  for (const std::string_view word : {"SECRET", "KEY", "TOKEN", "PASSWORD", "PSK"})
    if (name.find(word) != std::string_view::npos) return true;
  return false;
}

Json environmentJson() {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if ((name.starts_with("INCCL_") || name.starts_with("NCCL_")) && !isSecret(name))
      entries.emplace_back(text);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

Json configJson(const Options& o, const std::vector<RankInfo>& ranks) {
  Json config;
  config["nthreads"] = o.threads;
  config["ngpus"] = 1;
  config["minimum_bytes"] = o.range.minBytes;
  config["maximum_bytes"] = o.range.maxBytes;
  if (o.range.stepFactor > 1) {
    config["step_factor"] = o.range.stepFactor;
  } else {
    config["step_bytes"] = o.range.stepBytes;
  }
  config["warmup_iters"] = o.warmups;
  config["iterations"] = o.iterations;
  config["aggregated_iterations"] = o.callsPerGroup;
  config["validation"] = o.checks;
  config["graph"] = 0;
  config["blocking_collectives"] = asText(o.blocking != Blocking::kNone);
  config["per_iter_timing"] = asText(o.perIteration);
  config["per_iter_skip"] = o.perIterationSkip;
  config["parallel_init"] = asText(o.parallelInit);
  config["rotate"] = asText(o.rotate);
  config["devices"] = Json::array();
  for (const RankInfo& info : ranks) {
    config["devices"].push_back({{"rank", info.rank},
                                 {"group", 0},
                                 {"pid", info.pid},
                                 {"hostname", info.host},
                                 {"device", -1},
                                 {"device_hex", "host memory"},
                                 {"device_info", info.processor}});
  }
  return config;
}

// Null for a rank without a result.
Json hashText(uint64_t hash) { return hash == 0 ? Json() : Json(fmt::format("{:016x}", hash)); }

Json placementJson(const std::optional<Measurement>& m) {
  if (!m) return {{"time", nullptr}, {"alg_bw", nullptr}, {"bus_bw", nullptr}, {"nwrong", nullptr}};
  Json json{{"time", number(m->microseconds)},
            {"alg_bw", number(m->bandwidth.algGBps)},
            {"bus_bw", number(m->bandwidth.busGBps)}};
  if (m->wrong) {
    json["nwrong"] = *m->wrong;
  } else {
    json["nwrong"] = nullptr;
  }
  if (m->hash) {
    json["hash"] = hashText(m->hash->all);
    json["rank_hashes"] = Json::array();
    for (const uint64_t hash : m->hash->ofRanks) json["rank_hashes"].push_back(hashText(hash));
  }
  return json;
}

Json iterationsJson(const IterationTimes& times, int skipped) {
  const IterationStatistics& s = times.statistics;
  Json json{{"skipped_iterations", skipped},
            {"min_us", s.min},
            {"max_us", s.max},
            {"avg_us", s.mean},
            {"p50_us", s.p50},
            {"p95_us", s.p95},
            {"p99_us", s.p99},
            {"stdev_us", s.deviation},
            {"cv_pct", s.variationPercent()},
            {"times_us", times.slowestMicroseconds}};
  const size_t iterations = times.slowestMicroseconds.size();
  if (times.ofRanks.size() <= iterations) return json;
  Json perRank = Json::array();
  for (auto at = times.ofRanks.begin(); at != times.ofRanks.end();
       at += static_cast<ptrdiff_t>(iterations))
    perRank.push_back(std::vector<double>(at, at + static_cast<ptrdiff_t>(iterations)));
  json["per_process_max_times_us"] = std::move(perRank);
  return json;
}

// "shm ring half 0123456789abcdef" as four keys; null where the library named no plan.
void addPlan(Json& result, const std::string& plan) {
  std::istringstream words(plan);
  for (const char* key : {"transport", "algorithm", "protocol", "planId"}) {
    std::string word;
    if (words >> word) {
      result[key] = word;
    } else {
      result[key] = nullptr;
    }
  }
}

Json resultJson(const Options& o, const Row& row) {
  const Case& c = row.measured;
  Json result{{"size", c.bytes},
              {"count", c.shape.count},
              {"type", c.type.name},
              {"redop", c.op.name},
              {"root", fmt::format("{:6}", c.root)}};
  const std::pair<const char*, const std::optional<Measurement>*> placements[] = {
      {"out_of_place", &row.outOfPlace}, {"in_place", &row.inPlace}};
  for (const auto& [name, measurement] : placements) {
    result[name] = placementJson(*measurement);
    if (*measurement && (*measurement)->iterations) {
      result[fmt::format("{}_per_iter", name)] =
          iterationsJson(*(*measurement)->iterations, o.perIterationSkip);
    }
  }
  result["actual_iterations"] = o.iterations;
  result["experiment_name"] = o.collective.name;
  if (!row.timeOfDay.empty()) result["timestamp"] = row.timeOfDay;
  result["library"] = "inccl";
  addPlan(result, row.plan);
  return result;
}

}  // namespace

nlohmann::ordered_json jsonOf(const Options& o, const RunRecord& record) {
  Json json{{"version", 3},
            {"start_time", record.startTime},
            {"args", o.arguments},
            {"env", environmentJson()},
            {"nccl_version", nullptr},
            {"inccl_version", record.libraryVersion},
            {"config", configJson(o, record.ranks)},
            {"results", Json::array()}};
  for (const Row& row : record.rows) json["results"].push_back(resultJson(o, row));
  const Summary& s = record.summary;
  const bool complete = record.errors.empty();
  json["out_of_bounds"] = {{"count", s.wrong}, {"okay", asText(complete && s.wrong == 0)}};
  json["average_bus_bandwidth"] = {
      {"bandwidth", number(s.averageBusGBps)},
      {"okay", s.minimumBusGBps ? asText(complete && s.fastEnough()) : "unchecked"}};
  if (s.unequalHashes) {
    json["unequal_hashes"] = {{"count", *s.unequalHashes},
                              {"okay", asText(complete && *s.unequalHashes == 0)}};
  }
  json["errors"] = record.errors;
  json["end_time"] = record.endTime;
  return json;
}

Outcome<std::string> reserveFile(const std::string& path) {
  std::string name = path;
  for (int next = 0;; ++next) {
    const int fd = open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0) {
      close(fd);
      return name;
    }
    if (errno != EEXIST) return Problem{fmt::format("{}: {}", name, std::strerror(errno))};
    name = fmt::format("{}.{}", path, next);
  }
}

Done writeJson(const std::string& path, const nlohmann::ordered_json& json) {
  std::ofstream file(path);
  // A name or a path that is not UTF-8 must not cost the results.
  file << json.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
  file.close();
  if (!file) return Problem{fmt::format("{}: cannot be written", path)};
  return done();
}

}  // namespace inccl::perf
