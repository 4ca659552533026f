// A file that is given new contents thousands of times a second.
//
// Opening with O_TRUNC would do, but file systems take that for "replace what was there" and bring
// the data to the disk when the file is closed: milliseconds for each. This one stays open.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

#include "fuzz/fuzz_target.h"

namespace inccl::fuzz {

class RewrittenFile {
 public:
  explicit RewrittenFile(const std::filesystem::path& path)
      : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) {
    FUZZ_CHECK(fd_ >= 0);
  }
  ~RewrittenFile() { close(fd_); }
  RewrittenFile(const RewrittenFile&) = delete;
  RewrittenFile& operator=(const RewrittenFile&) = delete;

  void write(std::string_view text) const {
    FUZZ_CHECK(pwrite(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    FUZZ_CHECK(ftruncate(fd_, static_cast<off_t>(text.size())) == 0);
  }

 private:
  int fd_;
};

}  // namespace inccl::fuzz
