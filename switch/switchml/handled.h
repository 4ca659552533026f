// One packet on its way through the program.
#pragma once

#include <algorithm>
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
  // Once read: sums, and the exponents of what comes later.
  std::array<uint32_t, 2> tags{};
  std::array<int16_t, wire::kMostExponents> exponents{};
  size_t exponentCount = 0;

  void takeExponents(std::span<const uint32_t> words) {
    exponentCount = std::min<size_t>(words[0], words.size() - 1);
    for (size_t i = 0; i < exponentCount; ++i)
      exponents[i] = static_cast<int16_t>(static_cast<int32_t>(words[1 + i]));
  }
};

}  // namespace inccl::switchml
