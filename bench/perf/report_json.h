// Results as a JSON file with the keys of nccl-tests' file version 3, so that its readers work.
//
// Its habits are kept: booleans are the strings "true" and "false", the root is a padded string,
// times are microseconds. Ours are, per result: library, transport, algorithm, protocol, planId.
// With --hash: per placement hash and rank_hashes, per file unequal_hashes. nccl_version is null.
// Where a collective has no in-place form, the values of in_place are null. After an error nothing
// is okay, whatever the rows say that were measured before it. Of the environment only INCCL_* and
// NCCL_* are written, and no secrets.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "perf/measurement.h"
#include "perf/options.h"

namespace inccl::perf {

struct RunRecord {
  int libraryVersion = 0;
  std::string startTime, endTime;  // as timeOfDay()
  std::vector<RankInfo> ranks;
  std::vector<Row> rows;
  Summary summary;
  std::vector<std::string> errors;
};

nlohmann::ordered_json jsonOf(const Options& options, const RunRecord& record);

// Creates the file to write to: `path`, or, where that exists, path.0, path.1 …; returns its name.
Outcome<std::string> reserveFile(const std::string& path);
Done writeJson(const std::string& path, const nlohmann::ordered_json& json);

}  // namespace inccl::perf
