#include "os/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

namespace inccl::os {

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  if (this != &other) {
    unmap();
    fd_ = std::move(other.fd_);
    data_ = std::exchange(other.data_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Result<SharedMemory> SharedMemory::create(const std::string& name, size_t bytes) {
  UniqueFd fd(sys::memfdCreate(name.c_str(), MFD_ALLOW_SEALING));
  if (!fd.valid()) return systemError(fmt::format("memfd_create {}", name), errno);
  const std::string what = fmt::format("allocating {} bytes of shared memory for {}", bytes, name);
  if (sys::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return systemError(what, errno);
  if (const int error = sys::posixFallocate(fd.get(), 0, static_cast<off_t>(bytes)))
    return systemError(what, error);
  if (sys::fcntlAddSeals(fd.get(), F_SEAL_SHRINK | F_SEAL_GROW) != 0)
    return systemError("sealing shared memory", errno);
  return map(std::move(fd), bytes, MAP_SHARED);
}

Result<SharedMemory> SharedMemory::attach(UniqueFd fd, size_t bytes) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return systemError("fstat of shared memory", errno);
  if (static_cast<size_t>(info.st_size) != bytes) {
    return remoteError(
        fmt::format("shared memory of a peer has {} bytes instead of {}", info.st_size, bytes));
  }
  return map(std::move(fd), bytes, MAP_SHARED);
}

Result<SharedMemory> SharedMemory::anonymous(size_t bytes) {
  return map(UniqueFd(), bytes, MAP_SHARED | MAP_ANONYMOUS);
}

Result<SharedMemory> SharedMemory::map(UniqueFd fd, size_t bytes, int flags) {
  void* const address =
      sys::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, fd.get(), 0);
  if (address == MAP_FAILED)
    return systemError(fmt::format("mapping {} bytes of shared memory", bytes), errno);
  SharedMemory memory;
  memory.fd_ = std::move(fd);
  memory.data_ = static_cast<std::byte*>(address);
  memory.bytes_ = bytes;
  return memory;
}

void SharedMemory::unmap() {
  if (data_) sys::munmap(data_, bytes_);
  data_ = nullptr;
}

}  // namespace inccl::os
