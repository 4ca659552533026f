// The loops.
#include "perf/runner.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

namespace inccl::perf {
namespace {

int64_t nowNanos() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

constexpr size_t kLargestElement = 8;
// Of the places of --rotate. Guards stand around the first place only, which is the checked one.
constexpr size_t kRotationAlignment = 64;

std::string describe(const Case& c) {
  const std::string root = c.collective.rooted ? fmt::format(", root {}", c.root) : std::string();
  return fmt::format("{} of {} {} ({}{})", c.collective.name, c.shape.count, c.type.name, c.op.name,
                     root);
}

}  // namespace

Outcome<Runner> Runner::create(Team& team, const Options& options, uint64_t maxBytes,
                               bool oneHost) {
  const size_t shift = static_cast<size_t>(options.unalignElements) * kLargestElement;
  Outcome<GuardedBuffer> send = GuardedBuffer::allocate(maxBytes + shift, options.libraryMemory);
  PERF_TRY(send);
  Outcome<GuardedBuffer> recv = GuardedBuffer::allocate(maxBytes + shift, options.libraryMemory);
  PERF_TRY(recv);
  return Runner(team, options, maxBytes, oneHost, std::move(send.value()), std::move(recv.value()));
}

Runner::Runner(Team& team, const Options& options, uint64_t capacity, bool oneHost,
               GuardedBuffer send, GuardedBuffer recv)
    : team_(&team),
      options_(&options),
      capacity_(capacity),
      oneHost_(oneHost),
      sendBuffer_(std::move(send)),
      recvBuffer_(std::move(recv)) {}

CallBuffers Runner::buffersFor(const Case& c, bool inPlace) const {
  const size_t shift = static_cast<size_t>(options_->unalignElements) * c.type.bytes;
  CallBuffers buffers;
  buffers.inPlace = inPlace;
  buffers.recv = recvBuffer_.span(shift, c.shape.recvElements * c.type.bytes);
  buffers.send = sendBuffer_.span(shift, c.shape.sendElements * c.type.bytes);
  if (inPlace) {
    const size_t offset = inPlaceOffset(c.collective.id, c.shape, team_->rank()) * c.type.bytes;
    buffers.send = {buffers.recv.data + offset, buffers.send.bytes};
  }
  return buffers;
}

CallArguments Runner::argumentsFor(const Case& c, const CallBuffers& buffers) const {
  CallArguments a;
  a.collective = c.collective.id;
  a.send = buffers.send.data;
  a.recv = buffers.recv.data;
  a.count = c.shape.count;
  a.type = c.type.id;
  a.op = c.op.id;
  a.root = c.root;
  a.rank = team_->rank();
  a.ranks = team_->ranks();
  a.comm = team_->comm();
  return a;
}

// Places for the calls to walk through, with the data of the first in each of them.
void Runner::chooseRotation(const Case& c, const CallBuffers& buffers) {
  rotationStep_ = (c.bytes + kRotationAlignment - 1) / kRotationAlignment * kRotationAlignment;
  rotationPlaces_ =
      options_->rotate && c.bytes > 0 ? std::max<size_t>(1, capacity_ / rotationStep_) : 1;
  fillPlaces(buffers.recv, rotationStep_, rotationPlaces_);
  if (!buffers.inPlace) fillPlaces(buffers.send, rotationStep_, rotationPlaces_);
}

CallArguments Runner::rotated(const CallArguments& arguments, size_t turn) const {
  CallArguments a = arguments;
  const size_t shift = turn % rotationPlaces_ * rotationStep_;
  a.send = static_cast<const std::byte*>(a.send) + shift;
  a.recv = static_cast<std::byte*>(a.recv) + shift;
  return a;
}

incclResult_t Runner::iterate(const CallArguments& arguments, int iteration) const {
  const int calls = options_->callsPerGroup;
  const bool barriers = options_->blocking == Blocking::kBarrierPerCall;
  const bool grouped = calls > 1 && !barriers;
  if (grouped) {
    if (const incclResult_t started = incclGroupStart(); started != incclSuccess) return started;
  }
  incclResult_t result = incclSuccess;
  for (int i = 0; i < calls && result == incclSuccess; ++i) {
    const size_t turn =
        static_cast<size_t>(iteration) * static_cast<size_t>(calls) + static_cast<size_t>(i);
    result = rotationPlaces_ > 1 ? call(rotated(arguments, turn)) : call(arguments);
    if (barriers && result == incclSuccess) result = incclBarrier(arguments.comm, nullptr);
  }
  if (!grouped) return result;
  const incclResult_t ended = incclGroupEnd();
  return result != incclSuccess ? result : ended;
}

Outcome<Runner::Timing> Runner::timedLoop(const CallArguments& arguments) {
  const int iterations = options_->iterations;
  const double calls = options_->callsPerGroup;
  const bool barriers = options_->blocking == Blocking::kBarrierPerIteration;
  Timing timing;
  if (options_->perIteration) timing.iterationMicroseconds.resize(static_cast<size_t>(iterations));
  PERF_TRY(team_->barrier());
  int64_t barrierNanos = 0;
  const int64_t begin = nowNanos();
  int64_t started = begin;
  incclResult_t result = incclSuccess;
  for (int i = 0; i < iterations && result == incclSuccess; ++i) {
    result = iterate(arguments, i);
    if (!options_->perIteration && !barriers) continue;
    const int64_t ended = nowNanos();
    if (options_->perIteration) {
      timing.iterationMicroseconds[static_cast<size_t>(i)] =
          static_cast<double>(ended - started) / 1e3 / calls;
    }
    started = ended;
    if (barriers && result == incclSuccess) {
      result = incclBarrier(arguments.comm, nullptr);
      started = nowNanos();
      barrierNanos += started - ended;
    }
  }
  const int64_t nanos = nowNanos() - begin - barrierNanos;
  PERF_TRY(checkCall(result, "timed calls", arguments.comm));
  timing.secondsPerCall = static_cast<double>(nanos) / 1e9 / (iterations * calls);
  return timing;
}

Outcome<double> Runner::overRanks(double seconds) {
  switch (options_->averaging) {
    case Averaging::kRank0:
      return team_->ofRank0(seconds);
    case Averaging::kMean: {
      Outcome<double> sum = team_->reduce(seconds, incclSum);
      PERF_TRY(sum);
      return sum.value() / team_->ranks();
    }
    case Averaging::kMin:
      return team_->reduce(seconds, incclMin);
    case Averaging::kMax:
      return team_->reduce(seconds, incclMax);
  }
  return seconds;
}

Outcome<IterationTimes> Runner::iterationTimes(const std::vector<double>& mine) {
  IterationTimes times;
  times.slowestMicroseconds = mine;
  PERF_TRY(team_->maxInto(times.slowestMicroseconds));
  Outcome<std::vector<double>> all = team_->gather(mine);
  PERF_TRY(all);
  times.ofRanks = std::move(all.value());
  times.statistics = statisticsOf({times.slowestMicroseconds.begin() + options_->perIterationSkip,
                                   times.slowestMicroseconds.end()});
  return times;
}

Outcome<int64_t> Runner::checkedCalls(const Case& c, bool inPlace) {
  const CallBuffers buffers = buffersFor(c, inPlace);
  int64_t wrong = 0;
  for (int i = 0; i < options_->checks && wrong == 0; ++i) {
    const uint64_t seed = ++seed_;
    prepareData(c, place(), buffers, seed);
    PERF_TRY(checkCall(call(argumentsFor(c, buffers)), "checked call", team_->comm()));
    const WrongData mine = findWrongData(c, place(), buffers, seed);
    if (mine.elements > 0) {
      fmt::print(stderr, "inccl-perf: rank {}: {}, {}: {}\n", team_->rank(), describe(c),
                 inPlace ? "in place" : "out of place", mine.what);
    }
    Outcome<int64_t> total = team_->reduce(mine.elements, incclSum);
    PERF_TRY(total);
    // A library whose sums are wrong must not be able to hide it from this rank.
    wrong = std::max(total.value(), mine.elements);
  }
  return wrong;
}

// A barrier is right if no rank leaves it before the last one has come. One rank comes late.
Outcome<int64_t> Runner::checkedBarriers() {
  int64_t wrong = 0;
  for (int i = 0; i < options_->checks && wrong == 0; ++i) {
    if (static_cast<int>(++seed_ % static_cast<uint64_t>(team_->ranks())) == team_->rank())
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const int64_t came = nowNanos();
    PERF_TRY(team_->barrier());
    const int64_t left = nowNanos();
    Outcome<int64_t> lastCame = team_->reduce(came, incclMax);
    PERF_TRY(lastCame);
    Outcome<int64_t> early = team_->reduce(int64_t{left < lastCame.value()}, incclSum);
    PERF_TRY(early);
    wrong = early.value();
  }
  return wrong;
}

Outcome<Measurement> Runner::measure(const Case& c, bool inPlace) {
  const auto within = [&](const Problem& problem) {
    return Problem{fmt::format("rank {}: {}: {}", team_->rank(), describe(c), problem.text)};
  };
  const CallBuffers buffers = buffersFor(c, inPlace);
  const CallArguments arguments = argumentsFor(c, buffers);
  prepareData(c, place(), buffers, ++seed_);
  chooseRotation(c, buffers);
  for (int i = 0; i < options_->warmups; ++i) {
    if (const Done ran = checkCall(iterate(arguments, i), "warm-up", arguments.comm); !ran.ok())
      return within(ran.problem());
  }
  Outcome<Timing> timing = timedLoop(arguments);
  if (!timing.ok()) return within(timing.problem());
  Outcome<double> seconds = overRanks(timing.value().secondsPerCall);
  if (!seconds.ok()) return within(seconds.problem());

  Measurement m;
  m.microseconds = seconds.value() * 1e6;
  m.bandwidth = bandwidthOf(c.collective.id, c.bytes, team_->ranks(), seconds.value());
  if (options_->perIteration) {
    Outcome<IterationTimes> times = iterationTimes(timing.value().iterationMicroseconds);
    if (!times.ok()) return within(times.problem());
    m.iterations = std::move(times.value());
  }
  const bool checkable = c.collective.movesData || oneHost_;
  if (options_->checks > 0 && checkable) {
    Outcome<int64_t> wrong = c.collective.movesData ? checkedCalls(c, inPlace) : checkedBarriers();
    if (!wrong.ok()) return within(wrong.problem());
    m.wrong = wrong.value();
  }
  return m;
}

}  // namespace inccl::perf
