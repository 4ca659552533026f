#include "os/host_identity.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "os/syscalls.h"
#include "os/unique_fd.h"

namespace inccl::os {
namespace {

std::string bootId() {
  const UniqueFd fd(sys::open("/proc/sys/kernel/random/boot_id", O_RDONLY));
  if (!fd.valid()) return {};
  std::array<char, 64> text{};
  const ssize_t got = sys::read(fd.get(), text.data(), text.size());
  std::string id(text.data(), got > 0 ? static_cast<size_t>(got) : 0);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

// "net:[4026531840]"
std::string networkNamespace() {
  std::array<char, 64> text{};
  const ssize_t got = sys::readlink("/proc/self/ns/net", text.data(), text.size());
  return std::string(text.data(), got > 0 ? static_cast<size_t>(got) : 0);
}

}  // namespace

std::string hostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown-host";
  return name.data();
}

std::string hostKey(const std::string& override) {
  if (!override.empty()) return "id:" + override;
  const std::string boot = bootId();
  const std::string network = networkNamespace();
  if (boot.empty() || network.empty()) return "name:" + hostName();
  return boot + "/" + network;
}

}  // namespace inccl::os
