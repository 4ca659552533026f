// Several ranks in one process, driven by one thread.
//
//   example_group_threads [ranks]
//
// A thread that called rank 0's all-reduce and waited for it would never come to rank 1's. So it
// opens a group, makes the calls of all its ranks, and closes the group: incclGroupEnd drives them
// together and returns when all results are there. The same holds for sends and receives that need
// each other, shown by the ring below.
#include <inccl/inccl.h>

#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

namespace {

void check(incclResult_t result, const char* call) {
  if (result == incclSuccess) return;
  std::fprintf(stderr, "%s: %s: %s\n", call, incclGetErrorString(result),
               incclGetLastError(nullptr));
  std::exit(1);
}

// Every rank contributes 0, 1, 2 …; everyone gets n times that.
bool allReduceIsRight(const std::vector<incclComm_t>& comms) {
  constexpr int kCount = 1000;
  std::vector<std::vector<int>> values(comms.size(), std::vector<int>(kCount));
  for (auto& mine : values) std::iota(mine.begin(), mine.end(), 0);

  check(incclGroupStart(), "incclGroupStart");
  for (size_t rank = 0; rank < comms.size(); ++rank) {
    int* const data = values[rank].data();  // in place: send and receive buffer are one
    check(incclAllReduce(data, data, kCount, incclInt32, incclSum, comms[rank], nullptr),
          "incclAllReduce");
  }
  check(incclGroupEnd(), "incclGroupEnd");

  for (const auto& mine : values) {
    for (int i = 0; i < kCount; ++i) {
      if (mine[static_cast<size_t>(i)] != i * static_cast<int>(comms.size())) return false;
    }
  }
  return true;
}

// Every rank sends its number to the next one and receives that of the one before.
bool ringIsRight(const std::vector<incclComm_t>& comms) {
  const int n = static_cast<int>(comms.size());
  std::vector<int> sent(comms.size()), received(comms.size(), -1);
  std::iota(sent.begin(), sent.end(), 0);

  check(incclGroupStart(), "incclGroupStart");
  for (int rank = 0; rank < n; ++rank) {
    const auto mine = static_cast<size_t>(rank);
    check(incclSend(&sent[mine], 1, incclInt32, (rank + 1) % n, comms[mine], nullptr), "incclSend");
    check(incclRecv(&received[mine], 1, incclInt32, (rank + n - 1) % n, comms[mine], nullptr),
          "incclRecv");
  }
  check(incclGroupEnd(), "incclGroupEnd");

  for (int rank = 0; rank < n; ++rank) {
    if (received[static_cast<size_t>(rank)] != (rank + n - 1) % n) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const int rankCount = argc == 2 ? std::atoi(argv[1]) : 4;
  if (rankCount < 1 || rankCount > 64) {
    std::fprintf(stderr, "usage: %s [ranks, 1 to 64]\n", argv[0]);
    return 2;
  }
  std::vector<incclComm_t> comms(static_cast<size_t>(rankCount));
  check(incclCommInitAll(comms.data(), rankCount, nullptr), "incclCommInitAll");

  const bool summed = allReduceIsRight(comms);
  const bool passedOn = ringIsRight(comms);
  std::printf("%d ranks in one thread: all-reduce %s, ring %s\n", rankCount,
              summed ? "right" : "WRONG", passedOn ? "right" : "WRONG");
  for (const incclComm_t comm : comms) check(incclCommDestroy(comm), "incclCommDestroy");
  return summed && passedOn ? 0 : 1;
}
