// One order in which the steps of a rank can run, as far as its lanes and `after` decide.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "schedule/schedule.h"

namespace inccl::schedule {

// Calls visit(lane, step) for steps in such an order; stepsOf(lane) are those of a lane. Returns
// how many of each lane could run: where that is fewer than it has, the next one waits in a circle.
template <typename StepsOf, typename Visit>
std::vector<size_t> visitInOrder(size_t laneCount, StepsOf&& stepsOf, Visit&& visit) {
  std::vector<size_t> done(laneCount, 0);
  const auto canRun = [&](const Step& step) {
    return std::all_of(step.after.begin(), step.after.end(),
                       [&](const StepRef& ref) { return done[ref.lane] > ref.step; });
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (size_t lane = 0; lane < laneCount; ++lane) {
      auto& steps = stepsOf(lane);
      for (; done[lane] < steps.size() && canRun(steps[done[lane]]); ++done[lane]) {
        visit(lane, done[lane]);
        moved = true;
      }
    }
  }
  return done;
}

}  // namespace inccl::schedule
