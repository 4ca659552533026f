// Gloo as a contestant, over its TCP transport on the loopback interface: it has no other for one
// host. This is the API that PyTorch's c10d calls; its default all-reduce is the segmented ring.
//
// Gloo reports errors by exceptions; they end here.
#include <gloo/allgather.h>
#include <gloo/allreduce.h>
#include <gloo/alltoall.h>
#include <gloo/barrier.h>
#include <gloo/broadcast.h>
#include <gloo/config.h>
#include <gloo/math.h>
#include <gloo/reduce.h>
#include <gloo/rendezvous/context.h>
#include <gloo/rendezvous/file_store.h>
#include <gloo/transport/tcp/device.h>
#include <sys/stat.h>

#include <cerrno>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/die.h"
#include "harness/run_peer.h"

namespace {

using inccl::peers::die;
using inccl::peers::MeetingPoint;

void sumFloats(void* sum, const void* a, const void* b, size_t count) {
  gloo::sum<float>(sum, a, b, count);
}

class GlooPeer final : public inccl::peers::Peer {
 public:
  GlooPeer(MeetingPoint& ranks, const std::string& meetingPrefix) {
    std::string storePath = meetingPrefix + ".store";
    if (mkdir(storePath.c_str(), 0700) != 0 && errno != EEXIST) {
      inccl::peers::dieOfErrno("cannot make " + storePath);
    }
    try {
      gloo::transport::tcp::attr attributes;
      attributes.iface = "lo";
      auto device = gloo::transport::tcp::CreateDevice(attributes);
      gloo::rendezvous::FileStore store(storePath);
      auto context = std::make_shared<gloo::rendezvous::Context>(ranks.rank(), ranks.ranks());
      context->connectFullMesh(store, device);
      context_ = std::move(context);
    } catch (const std::exception& error) {
      die(std::string("Gloo cannot connect: ") + error.what());
    }
  }

  bool allReduce(float* data, size_t count) override {
    return caught([&] {
      gloo::AllreduceOptions options(context_);
      options.setOutput(data, count);
      options.setReduceFunction(sumFloats);
      gloo::allreduce(options);
    });
  }
  bool broadcast(float* data, size_t count) override {
    return caught([&] {
      gloo::BroadcastOptions options(context_);
      options.setOutput(data, count);
      options.setRoot(0);
      gloo::broadcast(options);
    });
  }
  bool allGather(const float* sent, float* received, size_t count) override {
    return caught([&] {
      gloo::AllgatherOptions options(context_);
      options.setInput(const_cast<float*>(sent), count);
      options.setOutput(received, count * static_cast<size_t>(context_->size));
      gloo::allgather(options);
    });
  }
  // Its old halving-doubling class has another contract and is not what c10d calls; libraries.py
  // leaves Gloo out.
  bool reduceScatter(const float*, float*, size_t) override {
    lastError_ = "Gloo has no reduce-scatter";
    return false;
  }
  bool allToAll(const float* sent, float* received, size_t count) override {
    return caught([&] {
      const size_t elements = count * static_cast<size_t>(context_->size);
      gloo::AlltoallOptions options(context_);
      options.setInput(const_cast<float*>(sent), elements);
      options.setOutput(received, elements);
      gloo::alltoall(options);
    });
  }
  // Gloo takes its scratch memory from the output, on every rank.
  bool reduce(const float* sent, float* received, size_t count) override {
    if (scratch_.size() < count) scratch_.resize(count);
    return caught([&] {
      gloo::ReduceOptions options(context_);
      options.setInput(const_cast<float*>(sent), count);
      options.setOutput(context_->rank == 0 ? received : scratch_.data(), count);
      options.setReduceFunction(sumFloats);
      options.setRoot(0);
      gloo::reduce(options);
    });
  }
  bool barrier() override {
    return caught([&] {
      gloo::BarrierOptions options(context_);
      gloo::barrier(options);
    });
  }

  std::string version() const override {
    return "Gloo " + std::to_string(GLOO_VERSION_MAJOR) + '.' + std::to_string(GLOO_VERSION_MINOR) +
           '.' + std::to_string(GLOO_VERSION_PATCH);
  }
  std::string lastError() const override { return lastError_; }

 private:
  template <typename Call>
  bool caught(const Call& call) {
    try {
      call();
      return true;
    } catch (const std::exception& error) {
      lastError_ = error.what();
      return false;
    }
  }

  std::shared_ptr<gloo::Context> context_;
  std::string lastError_;
  std::vector<float> scratch_;
};

}  // namespace

int main(int argc, char** argv) {
  return inccl::peers::runPeer(argc, argv, [](MeetingPoint& ranks, const std::string& prefix) {
    return std::make_unique<GlooPeer>(ranks, prefix);
  });
}
