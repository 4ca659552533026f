// Any MPI as a contestant. Compiled once per flavour against that flavour's mpi.h; the flavour's
// own launcher starts the ranks.
#include <mpi.h>

#include <memory>
#include <string>

#include "harness/die.h"
#include "harness/run_peer.h"

namespace {

using inccl::peers::die;
using inccl::peers::MeetingPoint;

class MpiPeer final : public inccl::peers::Peer {
 public:
  explicit MpiPeer(MeetingPoint& ranks) {
    if (MPI_Init(nullptr, nullptr) != MPI_SUCCESS) die("MPI_Init failed");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int rank = -1;
    int size = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank != ranks.rank() || size != ranks.ranks()) {
      die("MPI says rank " + std::to_string(rank) + " of " + std::to_string(size) +
          ", the launcher's environment says " + std::to_string(ranks.rank()) + " of " +
          std::to_string(ranks.ranks()));
    }
  }

  ~MpiPeer() override { MPI_Finalize(); }

  bool allReduce(float* data, size_t count) override {
    return succeeded(MPI_Allreduce(MPI_IN_PLACE, data, static_cast<int>(count), MPI_FLOAT, MPI_SUM,
                                   MPI_COMM_WORLD));
  }
  bool broadcast(float* data, size_t count) override {
    return succeeded(MPI_Bcast(data, static_cast<int>(count), MPI_FLOAT, 0, MPI_COMM_WORLD));
  }
  bool allGather(const float* sent, float* received, size_t count) override {
    auto n = static_cast<int>(count);
    return succeeded(MPI_Allgather(sent, n, MPI_FLOAT, received, n, MPI_FLOAT, MPI_COMM_WORLD));
  }
  bool reduceScatter(const float* sent, float* received, size_t count) override {
    return succeeded(MPI_Reduce_scatter_block(sent, received, static_cast<int>(count), MPI_FLOAT,
                                              MPI_SUM, MPI_COMM_WORLD));
  }
  bool allToAll(const float* sent, float* received, size_t count) override {
    auto n = static_cast<int>(count);
    return succeeded(MPI_Alltoall(sent, n, MPI_FLOAT, received, n, MPI_FLOAT, MPI_COMM_WORLD));
  }
  bool reduce(const float* sent, float* received, size_t count) override {
    return succeeded(
        MPI_Reduce(sent, received, static_cast<int>(count), MPI_FLOAT, MPI_SUM, 0, MPI_COMM_WORLD));
  }
  bool barrier() override { return succeeded(MPI_Barrier(MPI_COMM_WORLD)); }

  std::string version() const override {
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(text, &length);
    std::string firstLine(text, static_cast<size_t>(length));
    for (char& c : firstLine) c = c == '\t' ? ' ' : c;
    return firstLine.substr(0, firstLine.find_first_of("\n,"));
  }
  std::string lastError() const override {
    char text[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(lastCode_, text, &length);
    return std::string(text, static_cast<size_t>(length));
  }

  void* allocate(size_t bytes) override {
    void* memory = nullptr;
    return MPI_Alloc_mem(static_cast<MPI_Aint>(bytes), MPI_INFO_NULL, &memory) == MPI_SUCCESS
               ? memory
               : nullptr;
  }
  void release(void* memory) override { MPI_Free_mem(memory); }

 private:
  bool succeeded(int code) {
    lastCode_ = code;
    return code == MPI_SUCCESS;
  }

  int lastCode_ = MPI_SUCCESS;
};

}  // namespace

int main(int argc, char** argv) {
  return inccl::peers::runPeer(argc, argv, [](MeetingPoint& ranks, const std::string&) {
    return std::make_unique<MpiPeer>(ranks);
  });
}
