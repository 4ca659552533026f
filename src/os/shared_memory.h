// Memory that several processes map: a memfd, allocated in full before anyone touches it.
//
// A memfd needs no name, no /dev/shm and no cleaning up: it is gone with its last user, however
// that one ended. posix_fallocate takes the pages now, so that too little memory is an error here
// and not a SIGBUS at the first store. The descriptor is sealed against resizing: a peer cannot cut
// the memory under our feet.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "base/status.h"
#include "os/unique_fd.h"

namespace inccl::os {

class SharedMemory {
 public:
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept { *this = std::move(other); }
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory() { unmap(); }

  // `bytes` of zeroed memory in a new memfd; `name` is shown in /proc/PID/maps.
  static Result<SharedMemory> create(const std::string& name, size_t bytes);
  // Maps memory made by another process; refuses a descriptor of another size.
  static Result<SharedMemory> attach(UniqueFd fd, size_t bytes);
  // Memory of this process alone, without a descriptor.
  static Result<SharedMemory> anonymous(size_t bytes);

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  static Result<SharedMemory> map(UniqueFd fd, size_t bytes, int flags);
  void unmap();

  UniqueFd fd_;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

constexpr size_t kPageBytes = 4096;
constexpr size_t roundUpTo(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace inccl::os
