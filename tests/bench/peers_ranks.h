// Ranks of a meeting point as threads, in a folder of their own that goes with the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "peers/harness/meeting_point.h"

namespace inccl::peers {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "inccl-peers-test-XXXXXX";
    path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "/nonexistent";
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// body(MeetingPoint&) on `ranks` threads at once.
template <typename Body>
void onRanks(const TemporaryFolder& folder, int ranks, const Body& body) {
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      MeetingPoint meeting(folder.file("control"), rank, ranks, true);
      body(meeting);
    });
  }
}

}  // namespace inccl::peers
