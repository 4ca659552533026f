#include "lab/program.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "os/unique_fd.h"

namespace inccl::lab {
namespace {

Result<std::string> find(const std::string& program) {
  const char* path = std::getenv("PATH");
  const std::string folders = fmt::format("{}:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
  for (std::string_view left = folders; !left.empty();) {
    const std::string_view folder = left.substr(0, left.find(':'));
    left.remove_prefix(std::min(left.size(), folder.size() + 1));
    const std::string candidate = fmt::format("{}/{}", folder, program);
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return Status(Code::kSystemError,
                fmt::format("there is no program '{}' (package iproute2)", program));
}

Result<os::UniqueFd> memoryFile(const std::string& content) {
  os::UniqueFd file(memfd_create("inccl-lab", MFD_CLOEXEC));
  if (!file.valid()) return systemError("memfd_create", errno);
  for (size_t written = 0; written < content.size();) {
    const ssize_t now = write(file.get(), content.data() + written, content.size() - written);
    if (now < 0) return systemError("write to a memory file", errno);
    written += static_cast<size_t>(now);
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string contentOf(const os::UniqueFd& file) {
  std::string text;
  std::array<char, 4096> part{};
  lseek(file.get(), 0, SEEK_SET);
  for (ssize_t got; (got = read(file.get(), part.data(), part.size())) > 0;)
    text.append(part.data(), static_cast<size_t>(got));
  return text;
}

Result<pid_t> start(const std::string& path, const std::string& program,
                    const std::vector<std::string>& arguments,
                    const std::array<os::UniqueFd, 3>& files) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int target : {0, 1, 2})
    posix_spawn_file_actions_adddup2(&actions, files[static_cast<size_t>(target)].get(), target);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return systemError(fmt::format("cannot start {}", path), error);
  return pid;
}

}  // namespace

Result<Finished> runProgram(const std::string& program, const std::vector<std::string>& arguments,
                            const std::string& input) {
  INCCL_TRY_ASSIGN(const std::string path, find(program));
  std::array<os::UniqueFd, 3> files;
  INCCL_TRY_ASSIGN(files[0], memoryFile(input));
  INCCL_TRY_ASSIGN(files[1], memoryFile(""));
  INCCL_TRY_ASSIGN(files[2], memoryFile(""));
  INCCL_TRY_ASSIGN(const pid_t pid, start(path, program, arguments, files));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return systemError(fmt::format("waiting for {}", program), errno);
  Finished finished;
  finished.output = contentOf(files[1]);
  finished.complaints = contentOf(files[2]);
  finished.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return finished;
}

}  // namespace inccl::lab
