// Passes a process's output on, line by line, each with a mark in front that says whose it is.
//
// Whole lines only, each in one write, so that lines of several processes do not mix. What the
// process leaves without an end of line comes when it ends, as a line.
#pragma once

#include <string>
#include <string_view>

namespace inccl::lab {

class LinePrefixer {
 public:
  // `to` is a descriptor that stays open; an empty mark passes everything on as it comes.
  LinePrefixer(std::string mark, int to) : mark_(std::move(mark)), to_(to) {}

  void take(std::string_view text);
  void finish();

 private:
  void put(std::string_view text) const;

  std::string mark_;
  int to_;
  std::string begun_;
};

}  // namespace inccl::lab
