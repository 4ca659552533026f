#include "lab/enclosure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace inccl::lab {
namespace {

Status writeText(const std::string& path, const std::string& text) {
  const os::UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() || write(file.get(), text.data(), text.size()) < 0)
    return systemError(fmt::format("write '{}' to {}", text, path), errno);
  return {};
}

std::string firstLineOf(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The usual reasons, each with what the system itself says about it.
Status cannotEnclose(int error) {
  std::string hint;
  if (firstLineOf("/proc/sys/user/max_user_namespaces") == "0")
    hint = "; user namespaces are disabled (user.max_user_namespaces is 0)";
  if (firstLineOf("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    hint = "; user namespaces are disabled (kernel.unprivileged_userns_clone is 0)";
  if (firstLineOf("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    hint = "; user namespaces are restricted (kernel.apparmor_restrict_unprivileged_userns is 1)";
  return systemError(
      fmt::format("cannot make namespaces: this needs root or user namespaces{}: unshare", hint),
      error);
}

// For children: the maker itself stays where it is, but for the user namespace.
Status unshareProcesses() {
  if (unshare(CLONE_NEWPID) == 0) return {};
  if (errno != EPERM) return cannotEnclose(errno);
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) return cannotEnclose(errno);
  INCCL_TRY(writeText("/proc/self/setgroups", "deny"));
  INCCL_TRY(writeText("/proc/self/uid_map", fmt::format("0 {} 1", user)));
  return writeText("/proc/self/gid_map", fmt::format("0 {} 1", group));
}

// Networks and mounts of the room's own. Where a masked /proc forbids a new one, the old one stays:
// it shows the numbers of outside.
Status furnish() {
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) return cannotEnclose(errno);
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return systemError("cannot make mounts private", errno);
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0 &&
      errno != EPERM)
    return systemError("cannot mount /proc", errno);
  return {};
}

Result<os::UniqueFd> openNamespace(const std::string& path) {
  os::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return systemError(fmt::format("open {}", path), errno);
  return file;
}

bool isOwn(const os::UniqueFd& other, const char* own) {
  struct stat a {
  }, b{};
  return fstat(other.get(), &a) == 0 && stat(own, &b) == 0 && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

}  // namespace

Result<pid_t> enclose(const std::function<int()>& first) {
  INCCL_TRY(unshareProcesses());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return systemError("pipe", errno);
  const os::UniqueFd parentLives(ends[0]);
  const pid_t pid = fork();
  if (pid < 0) return systemError("fork", errno);
  if (pid > 0) return pid;  // and keeps the other end as long as it lives
  close(ends[1]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Had the parent died before that, there would be no signal; here its end of the pipe is closed.
  pollfd parent{parentLives.get(), POLLIN, 0};
  if (poll(&parent, 1, 0) != 0) _exit(1);
  if (const Status furnished = furnish(); !furnished.ok()) {
    fmt::print(stderr, "inccl-lab: {}\n", furnished.message());
    _exit(1);
  }
  _exit(first());
}

void outlive() { prctl(PR_SET_PDEATHSIG, 0); }

Result<os::UniqueFd> newNetwork() {
  if (unshare(CLONE_NEWNET) != 0) return systemError("cannot make a network namespace", errno);
  return openNamespace("/proc/self/ns/net");
}

Status enterNetwork(int network) {
  if (setns(network, CLONE_NEWNET) != 0) return systemError("cannot enter a network", errno);
  return {};
}

Result<std::string> pathOf(const os::UniqueFd& descriptor) {
  // As this /proc counts processes, which need not be as getpid() does.
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self", error);
  if (error) return systemError("read /proc/self", error.value());
  return fmt::format("/proc/{}/fd/{}", self.string(), descriptor.get());
}

Result<std::vector<os::UniqueFd>> enterRoom(pid_t first, const std::vector<int>& networks) {
  const std::string process = fmt::format("/proc/{}", first);
  std::vector<os::UniqueFd> opened;
  for (const int network : networks) {
    INCCL_TRY_ASSIGN(opened.emplace_back(),
                     openNamespace(fmt::format("{}/fd/{}", process, network)));
  }
  INCCL_TRY_ASSIGN(const os::UniqueFd users, openNamespace(process + "/ns/user"));
  INCCL_TRY_ASSIGN(const os::UniqueFd mounts, openNamespace(process + "/ns/mnt"));
  INCCL_TRY_ASSIGN(const os::UniqueFd processes, openNamespace(process + "/ns/pid"));
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::current_path(ignored);
  if (!isOwn(users, "/proc/self/ns/user") && setns(users.get(), CLONE_NEWUSER) != 0)
    return systemError("cannot enter the lab's user namespace", errno);
  if (setns(processes.get(), CLONE_NEWPID) != 0)
    return systemError("cannot enter the lab's process namespace", errno);
  if (setns(mounts.get(), CLONE_NEWNS) != 0)
    return systemError("cannot enter the lab's mount namespace", errno);
  std::filesystem::current_path(folder, ignored);
  return opened;
}

}  // namespace inccl::lab
