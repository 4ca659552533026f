#include "lab/register.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

namespace inccl::lab {
namespace {

constexpr int kEndTimeoutMs = 10'000;

std::string folderName() {
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && runtime[0] == '/')
    return std::string(runtime) + "/inccl-lab";
  return geteuid() == 0 ? "/run/inccl-lab" : fmt::format("/tmp/inccl-lab-{}", geteuid());
}

// In /tmp others could have made it first.
Status checkOwner(const std::string& folder, int descriptor) {
  struct stat is {};
  if (fstat(descriptor, &is) != 0) return systemError(folder, errno);
  if (is.st_uid == geteuid() && (is.st_mode & 022) == 0) return {};
  return Status(Code::kSystemError, fmt::format("{} belongs to somebody else", folder));
}

os::UniqueFd openProcess(pid_t process) {
  return os::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
}

bool isUp(const Entry& entry) { return startTimeOf(entry.holder) == entry.startTime; }

}  // namespace

std::string toJson(const Entry& entry) {
  const nlohmann::ordered_json json = {{"name", entry.name},
                                       {"holder", entry.holder},
                                       {"startTime", entry.startTime},
                                       {"networks", entry.networks},
                                       {"topology", entry.topology}};
  return json.dump(1) + '\n';
}

Result<Entry> entryFromJson(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    Entry entry;
    json.at("name").get_to(entry.name);
    json.at("holder").get_to(entry.holder);
    json.at("startTime").get_to(entry.startTime);
    json.at("networks").get_to(entry.networks);
    json.at("topology").get_to(entry.topology);
    return entry;
  } catch (const nlohmann::json::exception& broken) {
    return invalidArgument(fmt::format("not a lab's file: {}", broken.what()));
  }
}

bool isLabName(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && name[0] != '.' && std::ranges::all_of(name, allowed);
}

std::optional<uint64_t> startTimeOf(pid_t process) {
  constexpr int kStartTimeAfterName = 20;  // field 22 of the file; the name is field 2
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t nameEnd = text.rfind(')');
  if (nameEnd == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(nameEnd + 1));
  std::string field, state;
  fields >> state;
  for (int i = 1; i < kStartTimeAfterName; ++i) fields >> field;
  if (!fields || state == "Z" || state == "X") return std::nullopt;
  return std::strtoull(field.c_str(), nullptr, 10);
}

Result<Register> Register::open() {
  Register result;
  result.folder_ = folderName();
  if (mkdir(result.folder_.c_str(), 0700) != 0 && errno != EEXIST)
    return systemError(fmt::format("cannot make {}", result.folder_), errno);
  result.lock_.reset(
      ::open(result.folder_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!result.lock_.valid()) return systemError(fmt::format("open {}", result.folder_), errno);
  INCCL_TRY(checkOwner(result.folder_, result.lock_.get()));
  if (flock(result.lock_.get(), LOCK_EX) != 0)
    return systemError(fmt::format("lock {}", result.folder_), errno);
  return result;
}

std::string Register::pathOf(const std::string& name) const {
  return fmt::format("{}/{}.json", folder_, name);
}

Result<std::optional<Entry>> Register::find(const std::string& name) {
  std::ifstream file(pathOf(name));
  if (!file) return std::optional<Entry>();
  const std::string text(std::istreambuf_iterator<char>(file), {});
  auto entry = entryFromJson(text);
  if (entry.ok() && isUp(entry.value())) return std::optional(std::move(entry).value());
  unlink(pathOf(name).c_str());
  return std::optional<Entry>();
}

Result<std::vector<Entry>> Register::all() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder_, error))
    if (file.path().extension() == ".json") names.push_back(file.path().stem().string());
  if (error) return systemError(folder_, error.value());
  std::ranges::sort(names);
  std::vector<Entry> entries;
  for (const std::string& name : names) {
    INCCL_TRY_ASSIGN(auto entry, find(name));
    if (entry) entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<Entry> Register::choose(const std::string& name) {
  if (!name.empty()) {
    INCCL_TRY_ASSIGN(auto entry, find(name));
    if (!entry) return invalidUsage(fmt::format("lab '{}' is not up", name));
    return std::move(*entry);
  }
  INCCL_TRY_ASSIGN(auto entries, all());
  if (entries.empty()) return invalidUsage("no lab is up");
  if (entries.size() == 1) return std::move(entries[0]);
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.push_back(entry.name);
  return invalidUsage(fmt::format("several labs are up, say which: {}", fmt::join(names, ", ")));
}

Status Register::add(const Entry& entry) {
  const std::string path = pathOf(entry.name);
  std::ofstream file(path, std::ios::trunc);
  file << toJson(entry) << std::flush;
  if (file) return {};
  const int error = errno;
  unlink(path.c_str());
  return systemError(fmt::format("write {}", path), error);
}

Status Register::end(const Entry& entry) {
  const os::UniqueFd process = openProcess(entry.holder);
  // Opened first and looked at then, so that it is the right one and stays it.
  if (process.valid() && isUp(entry)) {
    if (syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0)
      return systemError(fmt::format("cannot end the holder of lab '{}'", entry.name), errno);
    pollfd gone{process.get(), POLLIN, 0};
    if (poll(&gone, 1, kEndTimeoutMs) != 1)
      return timeoutError(fmt::format("the holder of lab '{}' (process {}) does not end",
                                      entry.name, entry.holder));
  }
  if (unlink(pathOf(entry.name).c_str()) != 0 && errno != ENOENT)
    return systemError(fmt::format("remove {}", pathOf(entry.name)), errno);
  return {};
}

}  // namespace inccl::lab
