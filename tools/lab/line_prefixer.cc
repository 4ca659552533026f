#include "lab/line_prefixer.h"

#include <unistd.h>

#include <cerrno>

namespace inccl::lab {
namespace {

// A process that never ends a line must not fill the memory.
constexpr size_t kLongestLine = 64 << 10;

}  // namespace

// A reader that has gone is no reason to stop the ranks: what it would have got is dropped.
void LinePrefixer::put(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = write(to_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void LinePrefixer::take(std::string_view text) {
  if (mark_.empty()) return put(text);
  std::string lines;
  for (size_t end; (end = text.find('\n')) != std::string_view::npos;) {
    lines += mark_ + begun_;
    lines += text.substr(0, end + 1);
    begun_.clear();
    text.remove_prefix(end + 1);
  }
  begun_ += text;
  put(lines);
  if (begun_.size() > kLongestLine) finish();
}

void LinePrefixer::finish() {
  if (begun_.empty()) return;
  put(mark_ + begun_ + '\n');
  begun_.clear();
}

}  // namespace inccl::lab
