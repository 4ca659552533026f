// The pipeline that a program is written against: what it declares, and the rules of a pass.
//
// A program declares its match tables and register arrays, each in a stage of a pipe, before the
// first packet; check() holds that against the profile. Then each packet goes through in passes. In
// one pass it sees the stages in order, and each array at most once, for one read-modify-write: a
// pipeline has no way back. Whatever needs an array twice, or an earlier stage again, recirculates,
// which costs a pass. Breaking a rule is a mistake in the program, counted under its name; nothing
// else happens, so that tests may assert that there are none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "switch/pipeline/profile.h"

namespace inccl::pipeline {

struct Place {
  uint32_t pipe = 0;
  uint32_t stage = 0;
};

// One declared thing; lane arrays stand for `arrays` equal ones.
struct Declaration {
  std::string name;
  Place place;
  uint32_t arrays = 1;
  uint32_t entries = 0;
  uint32_t bits = 0;  // of an entry; of a table's key
  bool isTable = false;
};

class Pipeline {
 public:
  explicit Pipeline(Profile profile) : profile_(profile) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  [[nodiscard]] const Profile& profile() const { return profile_; }
  void declare(Declaration declaration) { declarations_.push_back(std::move(declaration)); }
  // Whether the profile has room for all that was declared; the first thing that it has not is
  // named with the figures.
  [[nodiscard]] Status check() const;
  // Stages, arrays, bits and bytes that the declarations take: lines for people.
  [[nodiscard]] std::string usage() const;

  [[nodiscard]] uint64_t passes() const { return passes_; }
  [[nodiscard]] uint64_t recirculations() const { return recirculations_; }
  // Rules that the program broke, and what it did last.
  [[nodiscard]] uint64_t brokenRules() const { return brokenRules_; }
  [[nodiscard]] const std::string& lastBroken() const { return lastBroken_; }

 private:
  friend class Pass;
  void ruleBroken(std::string what);

  const Profile profile_;
  std::vector<Declaration> declarations_;
  uint64_t passes_ = 0;
  uint64_t recirculations_ = 0;
  uint64_t brokenRules_ = 0;
  std::string lastBroken_;
};

// When an array was last seen: kept by the array.
struct Visit {
  uint64_t pass = 0;
};

// One packet on its way.
class Pass {
 public:
  explicit Pass(Pipeline& pipeline) : pipeline_(pipeline), serial_(++pipeline.passes_) {}

  // The packet meets what lies at `place`.
  void meet(const Place& place, Visit& visit) {
    if (place.pipe != pipe_ || place.stage < stage_ || visit.pass == serial_) [[unlikely]]
      refuse(place, visit.pass == serial_);
    stage_ = place.stage;
    visit.pass = serial_;
  }
  // Once more from the first stage, of this pipe or another.
  void recirculate(uint32_t pipe) {
    serial_ = ++pipeline_.passes_;
    ++pipeline_.recirculations_;
    pipe_ = pipe;
    stage_ = 0;
  }

 private:
  void refuse(const Place& place, bool seen);

  Pipeline& pipeline_;
  uint64_t serial_;
  uint32_t pipe_ = 0;
  uint32_t stage_ = 0;
};

}  // namespace inccl::pipeline
