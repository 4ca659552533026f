// A C++11 program against the installed header: two ranks of one process, called inside a group.
#include <inccl/inccl.h>

#include <cstdint>
#include <cstdio>
#include <vector>

namespace {

bool succeeded(const char* what, incclResult_t result) {
  if (result == incclSuccess) return true;
  std::fprintf(stderr, "%s: %s: %s\n", what, incclGetErrorString(result),
               incclGetLastError(nullptr));
  return false;
}

}  // namespace

int main() {
  int version = 0;
  incclComm_t comms[2] = {};
  if (!succeeded("incclGetVersion", incclGetVersion(&version))) return 1;
  if (!succeeded("incclCommInitAll", incclCommInitAll(comms, 2, nullptr))) return 1;

  std::vector<std::vector<std::int64_t>> values = {{1, 2, 3}, {10, 20, 30}};
  if (!succeeded("incclGroupStart", incclGroupStart())) return 1;
  for (int i = 0; i < 2; ++i) {
    std::vector<std::int64_t>& mine = values[static_cast<size_t>(i)];
    if (!succeeded("incclAllReduce", incclAllReduce(mine.data(), mine.data(), mine.size(),
                                                    incclInt64, incclSum, comms[i], nullptr)))
      return 1;
  }
  if (!succeeded("incclGroupEnd", incclGroupEnd())) return 1;

  const std::vector<std::int64_t> expected = {11, 22, 33};
  for (int i = 0; i < 2; ++i) {
    if (values[static_cast<size_t>(i)] != expected) {
      std::fprintf(stderr, "rank %d has a wrong sum\n", i);
      return 1;
    }
    if (!succeeded("incclCommDestroy", incclCommDestroy(comms[i]))) return 1;
  }
  std::printf("inccl %d\n", version);
  return 0;
}
