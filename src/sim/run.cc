#include "sim/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace inccl::sim {

Slices Slices::cut(const Workload& workload, uint32_t chunks, bool isBarrier) {
  Slices slices;
  slices.chunks = std::max(1u, chunks);
  slices.elementBytes = std::max<uint64_t>(1, workload.elementBytes);
  const uint64_t elements = isBarrier ? 0 : workload.bytes / slices.elementBytes;
  if (workload.messageBytes != 0) {
    const uint64_t ofMessage = std::max<uint64_t>(1, workload.messageBytes / slices.elementBytes);
    const uint64_t perSlice =
        ofMessage > elements / slices.chunks ? elements : ofMessage * slices.chunks;
    if (perSlice != 0) slices.count = elements / perSlice + (elements % perSlice != 0 ? 1 : 0);
    slices.count = std::max<uint64_t>(1, slices.count);
  }
  slices.shorter = elements / slices.count;
  slices.longerSlices = elements % slices.count;
  return slices;
}

Run::Run(const TimedProgram& program, const Slices& slices, uint64_t sliceCount, bool trace)
    : program_(program),
      slices_(slices),
      sliceCount_(sliceCount),
      hasCosts_(program.options.costs.step > 0 || program.options.costs.copy ||
                program.options.costs.reduce),
      servers_(*program.topology),
      lanes_(program.lanes.size()),
      fifos_(program.fifos.size()),
      ranks_(program.rankCount),
      aggregations_(program.aggregations.size()),
      finish_(program.rankCount, 0),
      sliceEnds_(sliceCount, 0),
      trace_(trace) {
  for (uint32_t rank = 0; rank < program.rankCount; ++rank) {
    ranks_[rank].lanesInSlice[0] = ranks_[rank].lanesInSlice[1] = program.lanesWithSteps[rank];
    lanesLeft_ += program.lanesWithSteps[rank];
  }
  lanesLeftInSlice_.assign(sliceCount, lanesLeft_);
  for (uint32_t lane = 0; lane < lanes_.size(); ++lane) {
    if (program.lanes[lane].stepCount > 0) ready_.push_back(lane);
  }
}

Status Run::run() {
  for (;;) {
    for (size_t next = 0; next < ready_.size(); ++next) advance(ready_[next]);
    ready_.clear();
    if (queue_.empty()) break;
    const Event event = queue_.take();
    now_ = event.time;
    ++events_;
    handle(event);
  }
  if (lanesLeft_ == 0) return {};
  for (uint32_t lane = 0;; ++lane) {
    const TimedLane& it = program_.lanes[lane];
    if (it.stepCount > 0 && lanes_[lane].slice < sliceCount_)
      return internalError(
          fmt::format("{}: rank {} lane {} step {} ({}) waits for ever", program_.name, it.rank,
                      it.numberInRank, lanes_[lane].step,
                      schedule::name(program_.steps[it.firstStep + lanes_[lane].step].kind)));
  }
}

void Run::handle(const Event& event) {
  switch (event.kind) {
    case EventKind::kHead:
      (void)passHop(event.target);
      return;
    case EventKind::kArrived: {
      FifoState& fifo = fifos_[event.target];
      ++fifo.arrived;
      if (std::exchange(fifo.receiverWaits, false))
        ready_.push_back(program_.fifos[event.target].receiver);
      return;
    }
    case EventKind::kContributed:
      return contribute(event.target);
    case EventKind::kAnswered:
    case EventKind::kWorked:
      lanes_[event.target].phase = Phase::kReady;
      ready_.push_back(event.target);
      return;
  }
}

// ---- Lanes ------------------------------------------------------------------------------------

// Goes on until the lane waits or has ended; then it is in one list of waiters, or an event or a
// FIFO will wake it.
void Run::advance(uint32_t lane) {
  LaneState& state = lanes_[lane];
  while (state.slice < sliceCount_) {
    if (!state.sliceOpen && !openSlice(lane)) return;
    const TimedStep& step = program_.steps[program_.lanes[lane].firstStep + state.step];
    const uint64_t bytes = slices_.chunkBytes(state.slice, step.lengthClass);
    if (state.phase == Phase::kWaiting) {
      if (!mayStart(lane, step) || isWorking(lane, step, bytes)) return;
    }
    complete(lane, step, bytes);
  }
}

// False while the scratch of two slices before is in use; then the lane is woken later.
bool Run::openSlice(uint32_t lane) {
  LaneState& state = lanes_[lane];
  RankState& rank = ranks_[program_.lanes[lane].rank];
  if (program_.usesScratch && state.slice >= rank.oldestSlice + 2) {
    rank.waitForScratch.push_back(lane);
    return false;
  }
  state.sliceOpen = true;
  return true;
}

// Whether nothing that others do is missing; else the lane is put where it will be woken.
bool Run::mayStart(uint32_t lane, const TimedStep& step) {
  LaneState& state = lanes_[lane];
  const TimedLane& it = program_.lanes[lane];
  for (uint32_t i = 0; i < step.afterCount; ++i) {
    const TimedAfter& before = program_.after[step.firstAfter + i];
    const uint64_t needed = state.slice * program_.lanes[before.lane].stepCount + before.step + 1;
    if (lanes_[before.lane].finishedSteps >= needed) continue;
    awaitSteps(lane, before.lane, needed);
    return false;
  }
  if (step.receives && fifos_[it.recvFifo].arrived == fifos_[it.recvFifo].taken) {
    fifos_[it.recvFifo].receiverWaits = true;
    return false;
  }
  if (step.sends &&
      fifos_[it.sendFifo].sent - fifos_[it.sendFifo].taken == program_.options.slotsPerChannel) {
    fifos_[it.sendFifo].senderWaits = true;
    return false;
  }
  return true;
}

// Puts the lane behind those that wait for `other` already, so that they go on in the order in
// which they came, which is at first the order of lanes, as in the executor.
void Run::awaitSteps(uint32_t lane, uint32_t other, uint64_t steps) {
  lanes_[lane].awaitedSteps = steps;
  lanes_[lane].nextWaiter = kNothing;
  LaneState& awaited = lanes_[other];
  const uint32_t last = std::exchange(awaited.lastWaiter, lane);
  (last == kNothing ? awaited.firstWaiter : lanes_[last].nextWaiter) = lane;
}

// Those that wait for more than what is done now come back to the list.
void Run::wakeWaiters(uint32_t lane) {
  uint32_t waiter = std::exchange(lanes_[lane].firstWaiter, kNothing);
  lanes_[lane].lastWaiter = kNothing;
  while (waiter != kNothing) {
    const uint32_t next = lanes_[waiter].nextWaiter;
    if (lanes_[waiter].awaitedSteps <= lanes_[lane].finishedSteps)
      ready_.push_back(waiter);
    else
      awaitSteps(waiter, lane, lanes_[waiter].awaitedSteps);
    waiter = next;
  }
}

// Starts what the step costs the rank itself, or the switch's part in it; false when there is
// nothing of that kind.
bool Run::isWorking(uint32_t lane, const TimedStep& step, uint64_t bytes) {
  LaneState& state = lanes_[lane];
  if (step.aggregation != kNothing) {
    state.phase = Phase::kInNetwork;
    enterNetwork(lane, step, bytes);
    return true;
  }
  if (!hasCosts_) return false;
  const Costs& costs = program_.options.costs;
  Picoseconds work = costs.step;
  if (costs.copy && step.copies > 0)
    work = addTimes(work, topo::multiplyTime(costs.copy->timeOf(bytes), step.copies));
  if (costs.reduce && step.reduces > 0)
    work = addTimes(work, topo::multiplyTime(costs.reduce->timeOf(bytes), step.reduces));
  if (work == 0) return false;
  RankState& rank = ranks_[program_.lanes[lane].rank];
  rank.workUntil = addTimes(std::max(rank.workUntil, now_), work);
  state.phase = Phase::kWorking;
  queue_.add(rank.workUntil, EventKind::kWorked, lane);
  return true;
}

// The incoming slot is free when its message has been worked on, and a message is on its way when
// it has a slot. Only this lane sends into its FIFO, so the room seen by mayStart is still there.
void Run::complete(uint32_t lane, const TimedStep& step, uint64_t bytes) {
  const TimedLane& it = program_.lanes[lane];
  if (step.receives) {
    FifoState& fifo = fifos_[it.recvFifo];
    ++fifo.taken;
    if (std::exchange(fifo.senderWaits, false))
      ready_.push_back(program_.fifos[it.recvFifo].sender);
  }
  if (step.sends) {
    ++fifos_[it.sendFifo].sent;
    launch(program_.fifos[it.sendFifo].firstHop, bytes, now_, it.rank);
  }
  closeStep(lane, step);
}

void Run::closeStep(uint32_t lane, const TimedStep& step) {
  LaneState& state = lanes_[lane];
  const TimedLane& it = program_.lanes[lane];
  trace_.addStep(lane, step.kind, state.slice, state.since, now_);
  state.phase = Phase::kWaiting;
  state.since = now_;
  ++state.finishedSteps;
  wakeWaiters(lane);
  if (++state.step == it.stepCount) closeSlice(lane);
}

void Run::closeSlice(uint32_t lane) {
  LaneState& state = lanes_[lane];
  const uint32_t number = program_.lanes[lane].rank;
  RankState& rank = ranks_[number];
  state.step = 0;
  state.sliceOpen = false;
  uint32_t& left = rank.lanesInSlice[state.slice % 2];
  if (program_.usesScratch && --left == 0) {
    // As in the executor: slices come to their end in order, so the count starts anew.
    left = program_.lanesWithSteps[number];
    rank.oldestSlice = state.slice + 1;
    ready_.insert(ready_.end(), rank.waitForScratch.begin(), rank.waitForScratch.end());
    rank.waitForScratch.clear();
  }
  if (--lanesLeftInSlice_[state.slice] == 0) sliceEnds_[state.slice] = now_;
  if (++state.slice == sliceCount_) --lanesLeft_;
  finish_[number] = std::max(finish_[number], now_);
}

// ---- Messages ---------------------------------------------------------------------------------

uint32_t Run::newMessage(const Message& message) {
  if (freeMessages_.empty()) {
    messages_.push_back(message);
    return static_cast<uint32_t>(messages_.size() - 1);
  }
  const uint32_t index = freeMessages_.back();
  freeMessages_.pop_back();
  messages_[index] = message;
  return index;
}

void Run::launch(uint32_t hop, uint64_t bytes, Picoseconds tail, uint32_t sendingRank) {
  const Picoseconds left = passHop(newMessage({hop, bytes, tail}));
  finish_[sendingRank] = std::max(finish_[sendingRank], left);
}

// The message's head is at its hop now. Returns when its tail has left into the link.
Picoseconds Run::passHop(uint32_t message) {
  const auto [number, bytes, tail] = messages_[message];
  const Hop& hop = program_.hops[number];
  const Passage out = servers_.serve(hop.link, bytes, {now_, tail});
  trace_.addTransfer(hop.link, bytes, out.head, out.tail);
  const Picoseconds alpha = program_.topology->links[hop.link].alpha;
  const Picoseconds head = addTimes(out.head, alpha);
  const Picoseconds arrival = addTimes(out.tail, alpha);
  switch (hop.delivery) {
    case Delivery::kNowhere:
      break;
    case Delivery::kToFifo:
      queue_.add(arrival, EventKind::kArrived, hop.target);
      break;
    case Delivery::kToReceiver:
      queue_.add(arrival, EventKind::kAnswered, hop.target);
      break;
    case Delivery::kToAggregator:
      messages_[message].tail = arrival;
      queue_.add(head, EventKind::kContributed, message);
      return out.tail;  // the message is still needed
  }
  for (uint32_t i = 0; i < hop.nextCount; ++i) {
    const Message copy{program_.nextHops[hop.firstNext + i], bytes, arrival};
    if (i > 0) {
      queue_.add(head, EventKind::kHead, newMessage(copy));
      continue;
    }
    messages_[message] = copy;
    queue_.add(head, EventKind::kHead, message);
  }
  if (hop.nextCount == 0) freeMessages_.push_back(message);
  return out.tail;
}

// ---- In the network ---------------------------------------------------------------------------

void Run::enterNetwork(uint32_t lane, const TimedStep& step, uint64_t bytes) {
  AggregationState& state = aggregations_[step.aggregation];
  state.bytes = bytes;
  ++state.entered;
  if (step.firstUpHop != kNothing) launch(step.firstUpHop, bytes, now_, program_.lanes[lane].rank);
  answer(step.aggregation);
}

void Run::contribute(uint32_t message) {
  const uint32_t index = program_.hops[messages_[message].hop].target;
  AggregationState& state = aggregations_[index];
  ++state.contributed;
  state.tail = std::max(state.tail, messages_[message].tail);
  freeMessages_.push_back(message);
  answer(index);
}

// Lets out what a switch has, once everything is in it. Receivers have entered too, so that nobody
// is a slot ahead of another.
void Run::answer(uint32_t aggregation) {
  AggregationState& state = aggregations_[aggregation];
  const Aggregation& it = program_.aggregations[aggregation];
  if (state.entered < it.members || state.contributed < it.contributors) return;
  const AggregationState out = std::exchange(state, {});
  for (uint32_t i = 0; i < it.rootCount; ++i)
    (void)passHop(
        newMessage({program_.nextHops[it.firstRoot + i], out.bytes, std::max(out.tail, now_)}));
  for (const Aggregation::Word& word : it.words)
    queue_.add(addTimes(now_, word.alpha), EventKind::kAnswered, word.lane);
}

}  // namespace inccl::sim
