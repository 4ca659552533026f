// What a waiter may sleep on besides its doorbell.
#pragma once

namespace inccl::transport {

// A descriptor and the poll events that wake it.
struct WaitHandle {
  int fd = -1;  // -1: wakes by the doorbell of the memory that the channel lives in
  short events = 0;
};

}  // namespace inccl::transport
