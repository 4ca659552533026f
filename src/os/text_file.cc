#include "os/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "os/syscalls.h"
#include "os/unique_fd.h"

namespace inccl::os {

Result<std::string> readTextFile(const std::string& path, size_t mostBytes) {
  const UniqueFd fd(sys::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return systemError(fmt::format("cannot open {}", path), errno);
  std::string text;
  char piece[16384];
  for (;;) {
    const ssize_t bytes = sys::read(fd.get(), piece, sizeof piece);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return systemError(fmt::format("cannot read {}", path), errno);
    if (bytes == 0) return text;
    text.append(piece, static_cast<size_t>(bytes));
    if (text.size() > mostBytes)
      return invalidArgument(fmt::format("{} is longer than {} bytes", path, mostBytes));
  }
}

}  // namespace inccl::os
