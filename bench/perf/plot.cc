// The gnuplot program.
#include "perf/plot.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>
#include <utility>

#include "perf/size_sweep.h"

namespace inccl::perf {
namespace {

// Colours that stay apart for colour-blind eyes and in print (Okabe and Ito 2008).
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#e69f00", "#56b4e9", "#000000", "#999999"};

constexpr size_t kLegendColumns = 3;
constexpr size_t kLegendRowPixels = 20;
constexpr double kTitlePixels = 55, kPanelsEndPixels = 400, kAxisPixels = 75;

struct Series {
  std::string title;
  bool inPlace = false;
  size_t colour = 0;
  std::vector<const Row*> rows;
};

const std::optional<Measurement>& placementOf(const Row& row, bool inPlace) {
  return inPlace ? row.inPlace : row.outOfPlace;
}

bool sameLine(const Case& a, const Case& b) {
  return a.type.id == b.type.id && a.op.id == b.op.id && a.root == b.root;
}

std::string lineTitle(const Case& c) {
  std::string title = c.type.name;
  if (c.collective.reduces) title += fmt::format(" {}", c.op.name);
  if (c.collective.rooted) title += fmt::format(" root {}", c.root);
  return title;
}

// A line of the picture is a type, an operation and a root: the first row of each.
std::vector<const Case*> linesOf(const std::vector<Row>& rows) {
  std::vector<const Case*> lines;
  for (const Row& row : rows) {
    const auto same = [&](const Case* line) { return sameLine(*line, row.measured); };
    if (std::none_of(lines.begin(), lines.end(), same)) lines.push_back(&row.measured);
  }
  return lines;
}

// As many lines as there are colours, each with one series per placement. A log axis has no zero,
// so rows of size 0 are not drawn.
std::vector<Series> seriesOf(const std::vector<Row>& rows) {
  const std::vector<const Case*> lines = linesOf(rows);
  std::vector<Series> all;
  for (size_t line = 0; line < std::min(lines.size(), std::size(kColours)); ++line) {
    for (const bool inPlace : {false, true}) {
      const char* placement = inPlace ? "in place" : "out of place";
      Series series{fmt::format("{}, {}", lineTitle(*lines[line]), placement), inPlace, line, {}};
      for (const Row& row : rows) {
        if (sameLine(*lines[line], row.measured) && placementOf(row, inPlace) &&
            row.measured.bytes > 0)
          series.rows.push_back(&row);
      }
      if (!series.rows.empty()) all.push_back(std::move(series));
    }
  }
  return all;
}

std::string dataBlock(size_t number, const Series& series) {
  std::string text = fmt::format("$series{} << END\n", number);
  for (const Row* row : series.rows) {
    const Measurement& m = *placementOf(*row, series.inPlace);
    text +=
        fmt::format("{} {:.9g} {:.9g}\n", row->measured.bytes, m.bandwidth.busGBps, m.microseconds);
  }
  return text + "END\n";
}

// Marks at powers of two, at most about ten of them, labelled "64K".
std::string sizeMarks(const std::vector<Series>& all) {
  std::set<size_t> sizes;
  for (const Series& series : all)
    for (const Row* row : series.rows) sizes.insert(row->measured.bytes);
  if (sizes.empty()) return {};
  int low = 0, high = 0;
  while ((size_t{2} << low) <= *sizes.begin()) ++low;
  while ((size_t{1} << high) < *sizes.rbegin()) ++high;
  const int step = std::max(1, (high - low + 9) / 10);
  std::string marks;
  for (int exponent = high; exponent >= low; exponent -= step) {
    marks += fmt::format("{}'{}' {}", marks.empty() ? "" : ", ", shortSize(uint64_t{1} << exponent),
                         uint64_t{1} << exponent);
  }
  return fmt::format("set xtics ({}) nomirror\nset xrange [{}:{}]\n", marks, uint64_t{1} << low,
                     uint64_t{1} << std::max(high, low + 1));
}

// `column` 2 is bus bandwidth, 3 is time.
std::string plotCommand(const std::vector<Series>& all, int column, bool withTitles) {
  std::string command = "plot ";
  for (size_t i = 0; i < all.size(); ++i) {
    const Series& s = all[i];
    const std::string title =
        withTitles ? fmt::format("title '{}'", s.title) : std::string("notitle");
    command += fmt::format(
        "{}$series{} using 1:{} with linespoints lw 2 pt {} ps 0.6 dt {} lc rgb '{}' {}",
        i == 0 ? "" : ", \\\n     ", i, column, s.inPlace ? 6 : 7, s.inPlace ? 2 : 1,
        kColours[s.colour % std::size(kColours)], title);
  }
  return command + "\n";
}

// With one rank some bus bandwidths are 0, which a log axis does not show.
bool hasBandwidth(const std::vector<Series>& all) {
  return std::any_of(all.begin(), all.end(), [](const Series& series) {
    return placementOf(*series.rows.back(), series.inPlace)->bandwidth.busGBps > 0;
  });
}

// gnuplot writes a quote inside '…' as two.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\n') continue;
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

std::string titleOf(const Options& o, int ranks, const std::vector<Row>& rows) {
  std::string title = fmt::format("{}, {} rank{}", o.collective.name, ranks, ranks == 1 ? "" : "s");
  std::istringstream words(rows.empty() ? std::string() : rows.back().plan);
  if (std::string transport; words >> transport) title += ", " + transport;
  const size_t lines = linesOf(rows).size();
  if (lines > std::size(kColours))
    title += fmt::format(" (the first {} of {} lines)", std::size(kColours), lines);
  return title;
}

}  // namespace

bool haveGnuplot() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/gnuplot").c_str(), X_OK) == 0) return true;
  return false;
}

std::string plotScript(const Options& o, int ranks, const std::vector<Row>& rows,
                       const std::string& svgPath) {
  const std::vector<Series> all = seriesOf(rows);
  if (all.empty()) return {};
  // In pixels from the top: title, panels, axis labels, legend.
  const size_t legendRows = (all.size() + kLegendColumns - 1) / kLegendColumns;
  const auto legendPixels = static_cast<double>(kLegendRowPixels * legendRows);
  const double height = kPanelsEndPixels + kAxisPixels + legendPixels;
  std::string script;
  for (size_t i = 0; i < all.size(); ++i) script += dataBlock(i, all[i]);
  script += fmt::format(
      "set terminal svg size 1100,{} enhanced background rgb 'white' font 'Helvetica,14'\n"
      "set encoding utf8\nset output {}\n"
      "set multiplot layout 1,2 margins 0.08,0.98,{:.3f},{:.3f} spacing 0.1 "
      "title {} noenhanced font ',17'\n"
      "set key at screen 0.5,{:.3f} center center maxrows {} samplen 3 Left reverse noenhanced\n",
      height, quoted(svgPath), (kAxisPixels + legendPixels) / height, 1 - kTitlePixels / height,
      quoted(titleOf(o, ranks, rows)), (legendPixels / 2 + 8) / height, legendRows);
  script +=
      "set logscale x 2\nset logscale y 10\nset border 3 lc rgb '#666666'\n"
      "set tics textcolor rgb '#333333'\nset grid xtics ytics lt 1 lc rgb '#e4e4e4' lw 1\n"
      "set ytics nomirror\nset format y '%g'\nset xlabel 'size (bytes)'\n";
  script += sizeMarks(all);
  if (hasBandwidth(all)) {
    script += "set ylabel 'bus bandwidth (GB/s)'\n" + plotCommand(all, 2, true);
    script += "set ylabel 'time (us)'\n" + plotCommand(all, 3, false);
  } else {
    script += "set ylabel 'time (us)'\n" + plotCommand(all, 3, true);
  }
  return script + "unset multiplot\nset output\n";
}

Done drawPlot(const std::string& script) {
  FILE* gnuplot = popen("gnuplot", "w");
  if (gnuplot == nullptr) return Problem{fmt::format("gnuplot: {}", std::strerror(errno))};
  const bool written = std::fwrite(script.data(), 1, script.size(), gnuplot) == script.size();
  const int status = pclose(gnuplot);
  if (!written || status != 0) return Problem{"gnuplot did not draw the picture"};
  return done();
}

}  // namespace inccl::perf
