#include "comm/surroundings.h"

namespace inccl::comm {

Surroundings Surroundings::before(Call& call, int rank, int rankCount) {
  Surroundings made;
  const auto& signature = call.signature;
  const reduce::Kernels kernels = reduce::find(signature.type, signature.op);
  const bool scatters = signature.collective == Collective::kReduceScatter && call.blocks.empty();
  const size_t inputCount = signature.count * (scatters ? static_cast<size_t>(rankCount) : 1);
  if (inputCount == 0) return made;
  if (kernels.finish && (signature.collective != Collective::kReduce || rank == signature.root)) {
    made.finish_ = kernels.finish;
    made.output_ = call.recv;
    made.count_ = call.blockCount(rank);
    made.divisor_ = static_cast<uint32_t>(rankCount);
  }
  if (kernels.premultiply) {
    void* products = call.recv;
    if (signature.collective != Collective::kAllReduce) {
      made.products_ =
          std::make_unique_for_overwrite<std::byte[]>(inputCount * sizeOf(signature.type));
      products = made.products_.get();
    }
    kernels.premultiply(products, call.send, inputCount, call.factor.data());
    call.send = products;
  }
  return made;
}

}  // namespace inccl::comm
