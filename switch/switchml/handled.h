// One packet on its way through the program.
#pragma once

#include <array>
#include <cstdint>

#include "switch/switchml/switchml.h"

namespace inccl::switchml {

struct SwitchMl::Handled {
  const wire::PacketView& view;
  const Job& job;
  const os::SocketAddress& from;
  pipeline::Pass pass;

  [[nodiscard]] const wire::AggregationHeader& header() const { return view.header; }
  [[nodiscard]] size_t entry() const {
    return 2 * size_t{job.firstSlot + header().slot} + (header().generation & 1);
  }
  [[nodiscard]] Contribution contribution() const {
    return {entry(), header().session, header().generation, header().worker, job.fanIn()};
  }
  std::array<uint32_t, 2> tags{};  // sums, once read
};

}  // namespace inccl::switchml
