// The loops.
#include "perf/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "perf/monotonic_clock.h"

namespace inccl::perf {
namespace {

constexpr size_t kLargestElement = 16;
// Of the places of --rotate. Guards stand around the first place only, which is the checked one.
constexpr size_t kRotationAlignment = 64;

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
      recvBuffer_(std::move(recv)),
      operation_(team) {}

CallBuffers Runner::buffersFor(const Case& c, bool inPlace) const {
  const size_t shift = static_cast<size_t>(options_->unalignElements) * c.type.bytes;
  CallBuffers buffers;
  buffers.inPlace = inPlace;
  buffers.recv = recvBuffer_.span(shift, c.shape.recvElements * c.type.bytes);
  buffers.send = sendBuffer_.span(shift, c.shape.sendElements * c.type.bytes);
  if (inPlace) {
    const Span outer = recvBuffer_.span(shift, std::max(buffers.send.bytes, buffers.recv.bytes));
    const size_t offset = inPlaceOffset(c.collective.id, c.shape, team_->rank()) * c.type.bytes;
    Span& inner = buffers.send.bytes > buffers.recv.bytes ? buffers.recv : buffers.send;
    buffers.send.data = buffers.recv.data = outer.data;
    if (buffers.send.bytes != buffers.recv.bytes) inner.data += offset;
  }
  return buffers;
}

Outcome<CallArguments> Runner::argumentsFor(const Case& c, const CallBuffers& buffers) {
  Outcome<incclRedOp_t> op = operation_.choose(c.type, c.op);
  PERF_TRY(op);
  CallArguments a;
  a.collective = c.collective.id;
  a.send = buffers.send.data;
  a.recv = buffers.recv.data;
  a.count = c.shape.count;
  a.type = c.type.id;
  a.op = op.value();
  a.root = c.root;
  a.rank = team_->rank();
  a.ranks = team_->ranks();
  a.comm = team_->comm();
  if (c.collective.id == Collective::kAllToAllv) {
    blocks_ = blockArraysOf(c.shape, a.rank, a.ranks);
    a.blocks = &blocks_;
  }
  return a;
}

// Places for the calls to walk through, with the data of the first in each of them.
void Runner::chooseRotation(const Case& c, const CallBuffers& buffers) {
  rotationStep_ = (c.bytes + kRotationAlignment - 1) / kRotationAlignment * kRotationAlignment;
  rotationPlaces_ =
      options_->rotate && c.bytes > 0 ? std::max<size_t>(1, capacity_ / rotationStep_) : 1;
  if (buffers.inPlace) return fillPlaces(buffers.outer(), rotationStep_, rotationPlaces_);
  fillPlaces(buffers.recv, rotationStep_, rotationPlaces_);
  fillPlaces(buffers.send, rotationStep_, rotationPlaces_);
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

Done Runner::addTimes(const Case& c, const Timing& timing, Measurement& m) {
  Outcome<double> seconds = overRanks(timing.secondsPerCall);
  PERF_TRY(seconds);
  m.microseconds = seconds.value() * 1e6;
  m.bandwidth = bandwidthOf(c.collective.id, c.bytes, team_->ranks(), seconds.value());
  if (!options_->perIteration) return done();
  Outcome<IterationTimes> times = iterationTimes(timing.iterationMicroseconds);
  PERF_TRY(times);
  m.iterations = std::move(times.value());
  return done();
}

Outcome<Measurement> Runner::measureCase(const Case& c, bool inPlace) {
  const CallBuffers buffers = buffersFor(c, inPlace);
  Outcome<CallArguments> arguments = argumentsFor(c, buffers);
  PERF_TRY(arguments);
  prepareData(c, place(), buffers, ++seed_);
  chooseRotation(c, buffers);
  for (int i = 0; i < options_->warmups; ++i)
    PERF_TRY(checkCall(iterate(arguments.value(), i), "warm-up", team_->comm()));
  Outcome<Timing> timing = timedLoop(arguments.value());
  PERF_TRY(timing);
  Measurement m;
  PERF_TRY(addTimes(c, timing.value(), m));
  PERF_TRY(addChecks(c, buffers, arguments.value(), m));
  return m;
}

Outcome<Measurement> Runner::measure(const Case& c, bool inPlace) {
  Outcome<Measurement> measured = measureCase(c, inPlace);
  if (measured.ok()) return measured;
  return Problem{
      fmt::format("rank {}: {}: {}", team_->rank(), describe(c), measured.problem().text)};
}

}  // namespace inccl::perf
