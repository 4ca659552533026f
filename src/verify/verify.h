// Proves a schedule right, or says where it is wrong.
//
// What is proved of a schedule that is accepted, for every number of elements and slices and for
// every order in which messages may arrive:
//   - it ends: no rank waits in a circle, with two slots per channel, the fewest an executor has;
//   - every send meets one receive, and both know the same length;
//   - no two steps of a rank that may run in either order touch one place, if one of them writes;
//   - every output chunk holds each contribution that it should, exactly once;
//   - where something is summed, all ranks sum by the same expression tree, so that they get the
//     same bits. A plan whose trees differ is accepted only if its limits exclude sums and products
//     of floats (integers wrap and are associative, min and max are too);
//   - a barrier is left by no rank before every rank has entered.
//
// Two trees are the same up to a ⊕ b against b ⊕ a: all our operations commute bit by bit, because
// the kernels make every NaN result the canonical one and order -0 below +0 for min and max. The
// first two sources of a reduceMany may change places for the same reason, later ones not.
//
// How: one run of the program with symbols instead of numbers. That one order stands for all is
// what the race check is for.
#pragma once

#include "base/status.h"
#include "schedule/schedule.h"

namespace inccl::verify {

struct VerifyOptions {
  // Input and output are one memory on every rank that has both; the smaller one is the rank's own
  // block of the larger one. An all-to-all has no such form and is looked at as it is.
  bool inPlace = false;
  uint32_t slotsPerChannel = 2;
};

// OK, or kInvalidArgument with rank, lane, step and the reason.
Status verify(const schedule::Schedule& schedule, const VerifyOptions& options = {});

// Both ways of calling: out of place and in place.
Status verifyBothWays(const schedule::Schedule& schedule);

// True when ranks would differ in bits if their expression trees did: the schedule's limits allow a
// sum or product of floats.
bool needsEqualTrees(const schedule::Schedule& schedule);

}  // namespace inccl::verify
