// What the user sees of a run: table, progress, JSON, picture. Only rank 0 has one.
//
// Rows are printed and flushed as they are done. On a terminal a line on stderr says what is being
// measured; it is wiped before the next row.
#pragma once

#include <string>
#include <vector>

#include "perf/measurement.h"
#include "perf/options.h"
#include "perf/report_json.h"

namespace inccl::perf {

class Reporter {
 public:
  explicit Reporter(const Options& options);

  void head(std::vector<RankInfo> ranks);
  void remark(const std::string& text);  // a "# …" line
  void columns();
  void progress(size_t done, size_t total, const std::string& what);
  void row(Row row);
  // Ends a run that went through, or, with `error`, one that did not, with the summary of what was
  // measured until then; writes the files.
  Done finish(const Summary& summary);
  void finishAfter(const Problem& error, const Summary& summary);

 private:
  void wipeProgress();
  Done writeFiles();

  const Options& options_;
  RunRecord record_;
  bool terminal_;
  bool progressShown_ = false;
};

}  // namespace inccl::perf
