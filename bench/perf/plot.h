// The results as a picture: bus bandwidth and time over size, drawn by gnuplot.
//
// gnuplot is a program, not a library: it is started only when --plot asks for it, and a machine
// without it still measures.
#pragma once

#include <string>
#include <vector>

#include "perf/measurement.h"
#include "perf/options.h"

namespace inccl::perf {

bool haveGnuplot();

// The program that draws `rows` into `svgPath`, with the data inside.
std::string plotScript(const Options& options, int ranks, const std::vector<Row>& rows,
                       const std::string& svgPath);

Done drawPlot(const std::string& script);

}  // namespace inccl::perf
