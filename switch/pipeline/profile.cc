#include "switch/pipeline/profile.h"

namespace inccl::pipeline {

Profile Profile::tofino(bool foldedPipes) {
  Profile profile;
  profile.name = foldedPipes ? "tofino4" : "tofino";
  profile.stages = 12;
  profile.arraysOfStage = 4;
  profile.entriesOfArray = 16384;
  profile.bitsOfEntry = 64;
  profile.lanesOfPipe = 64;
  profile.readsPairs = false;
  profile.pipes = foldedPipes ? 4 : 1;
  profile.mostFanIn = 32;
  profile.mostPayloadBytes = foldedPipes ? 1024 : 256;
  return profile;
}

Profile Profile::full() {
  Profile profile;
  profile.name = "full";
  return profile;
}

std::optional<Profile> Profile::byName(std::string_view name) {
  for (const Profile& profile : {tofino(), tofino(true), full()}) {
    if (profile.name == name) return profile;
  }
  return std::nullopt;
}

}  // namespace inccl::pipeline
