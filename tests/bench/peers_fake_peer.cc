// See peers_fake_peer.h. Every call copies into the shared file, meets, reads, meets.
#include "peers_fake_peer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "peers/harness/die.h"

namespace inccl::peers {

namespace {

constexpr std::pair<std::string_view, Fault> kFaultNames[] = {
    {"none", Fault::kNone},   {"wrong", Fault::kWrongSum}, {"skipped", Fault::kSkipped},
    {"slow", Fault::kSlow},   {"error", Fault::kError},    {"leaky", Fault::kLeakyBarrier},
    {"death", Fault::kDeath}, {"silence", Fault::kSilence}};

void sleepMilliseconds(long milliseconds) {
  timespec duration{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  nanosleep(&duration, nullptr);
}

}  // namespace

std::optional<Fault> faultNamed(std::string_view name) {
  for (auto [known, fault] : kFaultNames) {
    if (name == known) return fault;
  }
  return std::nullopt;
}

FakePeer::FakePeer(const std::string& path, int rank, int ranks, Fault fault)
    : meeting_(path + ".meeting", rank, ranks, true), fault_(fault) {
  int fd = open((path + ".data").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  size_t bytes = kMaxBytes * static_cast<size_t>(ranks);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) dieOfErrno("cannot make " + path);
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) dieOfErrno("cannot map " + path);
  close(fd);
  shared_ = static_cast<float*>(mapped);
}

FakePeer::~FakePeer() { munmap(shared_, kMaxBytes * static_cast<size_t>(meeting_.ranks())); }

float* FakePeer::vectorOf(int rank) const {
  return shared_ + static_cast<size_t>(rank) * (kMaxBytes / sizeof(float));
}

void FakePeer::share(const float* data, size_t count) {
  if (count * sizeof(float) > kMaxBytes) die("too large for the fake");
  std::memcpy(vectorOf(meeting_.rank()), data, count * sizeof(float));
  meeting_.barrier();
}

float FakePeer::sumAt(size_t i) const {
  float sum = 0;
  for (int rank = 0; rank < meeting_.ranks(); ++rank) sum += vectorOf(rank)[i];
  return sum;
}

// True when the call is to fail.
bool FakePeer::misbehave() {
  if (fault_ == Fault::kSlow) sleepMilliseconds(2);
  if (fault_ == Fault::kDeath && meeting_.rank() == 1) _exit(7);
  while (fault_ == Fault::kSilence && meeting_.rank() == 1) sleepMilliseconds(1000);
  return fault_ == Fault::kError;
}

bool FakePeer::allReduce(float* data, size_t count) {
  if (misbehave()) return false;
  share(data, count);
  for (size_t i = 0; i < written(count); ++i) data[i] = sumAt(i);
  if (fault_ == Fault::kWrongSum) data[count / 2] += 1;
  meeting_.barrier();
  return true;
}

bool FakePeer::broadcast(float* data, size_t count) {
  if (misbehave()) return false;
  share(data, count);
  std::memcpy(data, vectorOf(0), written(count) * sizeof(float));
  meeting_.barrier();
  return true;
}

bool FakePeer::allGather(const float* sent, float* received, size_t count) {
  if (misbehave()) return false;
  share(sent, count);
  const size_t blocks = written(static_cast<size_t>(meeting_.ranks()));
  for (int rank = 0; rank < static_cast<int>(blocks); ++rank) {
    std::memcpy(received + static_cast<size_t>(rank) * count, vectorOf(rank),
                count * sizeof(float));
  }
  meeting_.barrier();
  return true;
}

bool FakePeer::reduceScatter(const float* sent, float* received, size_t count) {
  if (misbehave()) return false;
  share(sent, count * static_cast<size_t>(meeting_.ranks()));
  const size_t before = count * static_cast<size_t>(meeting_.rank());
  for (size_t i = 0; i < written(count); ++i) received[i] = sumAt(before + i);
  if (fault_ == Fault::kWrongSum) received[count / 2] += 1;
  meeting_.barrier();
  return true;
}

bool FakePeer::allToAll(const float* sent, float* received, size_t count) {
  if (misbehave()) return false;
  share(sent, count * static_cast<size_t>(meeting_.ranks()));
  const size_t before = count * static_cast<size_t>(meeting_.rank());
  for (int rank = 0; rank < meeting_.ranks(); ++rank) {
    std::memcpy(received + static_cast<size_t>(rank) * count, vectorOf(rank) + before,
                written(count) * sizeof(float));
  }
  meeting_.barrier();
  return true;
}

bool FakePeer::reduce(const float* sent, float* received, size_t count) {
  if (misbehave()) return false;
  share(sent, count);
  const bool isRoot = meeting_.rank() == 0;
  for (size_t i = 0; isRoot && i < written(count); ++i) received[i] = sumAt(i);
  if (fault_ == Fault::kWrongSum) received[count / 2] += 1;
  meeting_.barrier();
  return true;
}

bool FakePeer::barrier() {
  if (misbehave()) return false;
  if (fault_ != Fault::kLeakyBarrier) meeting_.barrier();
  return true;
}

}  // namespace inccl::peers
