// Runs a fuzz target without libFuzzer: over its corpus, then over seeded mutations of it.
//
//   <target>_replay CORPUS                the test: INCCL_TEST_TRIALS rounds of kMutations (one)
//   <target>_replay --unpack DIR CORPUS   writes the corpus as plain bytes, for libFuzzer
//
// Files named *.hex hold bytes as pairs of digits; # starts a comment. Each input is written to
// <target>_replay.input before it runs, so that one that crashes the process is left behind.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "fuzz/fuzz_target.h"
#include "fuzz/rewritten_file.h"
#include "support/seed.h"

namespace inccl::fuzz {
namespace {

using Input = std::vector<uint8_t>;
namespace fs = std::filesystem;

constexpr int kMutations = 4000;
constexpr size_t kLongestInput = 65536;

Input readBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void writeBytes(const fs::path& path, const Input& input) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(input.data()),
             static_cast<std::streamsize>(input.size()));
}

Input fromHex(const fs::path& path) {
  std::ifstream file(path);
  std::string digits;
  for (std::string line; std::getline(file, line);) {
    for (const char c : line.substr(0, line.find('#')))
      if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  FUZZ_CHECK(digits.size() % 2 == 0);
  Input bytes;
  for (size_t i = 0; i < digits.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return bytes;
}

// By name, so that the same seed makes the same mutations.
std::map<std::string, Input> readCorpus(const fs::path& folder) {
  std::map<std::string, Input> corpus;
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    const fs::path& path = file.path();
    corpus[path.filename()] = path.extension() == ".hex" ? fromHex(path) : readBytes(path);
  }
  return corpus;
}

// Cuts, repeats and overwrites as damage and attackers would.
class Mutator {
 public:
  explicit Mutator(std::vector<Input> seeds, std::mt19937_64 random)
      : seeds_(std::move(seeds)), random_(random) {}

  Input next() {
    Input input = anySeed();
    for (uint64_t change = 0; change <= below(4); ++change) mutate(input);
    if (input.size() > kLongestInput) input.resize(kLongestInput);
    return input;
  }

 private:
  uint64_t below(uint64_t limit) { return random_() % limit; }
  const Input& anySeed() { return seeds_[below(seeds_.size())]; }
  auto anyPlace(Input& input) {
    return input.begin() + static_cast<ptrdiff_t>(below(input.size() + 1));
  }

  void mutate(Input& input) {
    const auto from = anyPlace(input), to = anyPlace(input);
    const auto [first, last] = std::minmax(from, to);
    const Input range(first, std::min(last, first + static_cast<ptrdiff_t>(below(64) + 1)));
    switch (below(7)) {
      case 0:
        if (from != input.end()) *from ^= static_cast<uint8_t>(1u << below(8));
        break;
      case 1:
        if (from != input.end()) *from = static_cast<uint8_t>(random_());
        break;
      case 2:
        input.insert(from, below(8) + 1, static_cast<uint8_t>(random_()));
        break;
      case 3:
        input.erase(first, first + static_cast<ptrdiff_t>(range.size()));
        break;
      case 4:
        input.insert(anyPlace(input), range.begin(), range.end());
        break;
      case 5:
        overwrite(input, static_cast<size_t>(first - input.begin()));
        break;
      case 6:
        splice(input, static_cast<size_t>(first - input.begin()));
        break;
    }
  }

  // A length or a count that somebody may believe.
  void overwrite(Input& input, size_t at) {
    static constexpr std::array<uint32_t, 8> kNumbers = {
        0, 1, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
    const uint32_t number = kNumbers[below(kNumbers.size())];
    for (size_t i = 0; i < 4 && at + i < input.size(); ++i)
      input[at + i] = static_cast<uint8_t>(number >> (8 * i));
  }

  // The start of this input, the end of another.
  void splice(Input& input, size_t at) {
    const Input& other = anySeed();
    input.resize(at);
    if (at < other.size())
      input.insert(input.end(), other.begin() + static_cast<ptrdiff_t>(at), other.end());
  }

  std::vector<Input> seeds_;
  std::mt19937_64 random_;
};

void run(const RewrittenFile& trace, const Input& input) {
  trace.write(asText(input.data(), input.size()));
  // In memory of exactly its length, so that sanitizers see a read beyond it.
  const Input exact(input.begin(), input.end());
  (void)LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

int replay(const fs::path& tracePath, const fs::path& folder) {
  const std::map<std::string, Input> corpus = readCorpus(folder);
  FUZZ_CHECK(!corpus.empty());
  std::fprintf(stderr, "a crash leaves its input in %s\n", fs::absolute(tracePath).c_str());
  const RewrittenFile trace(tracePath);
  std::vector<Input> seeds;
  for (const auto& [name, input] : corpus) {
    run(trace, input);
    seeds.push_back(input);
  }
  run(trace, {});
  const int rounds = test::testTrials(1);
  for (int round = 0; round < rounds; ++round) {
    Mutator mutator(seeds, test::trialRandom(static_cast<uint64_t>(round)));
    for (int i = 0; i < kMutations; ++i) run(trace, mutator.next());
  }
  fs::remove(tracePath);
  std::fprintf(stderr, "%zu files and %d mutations\n", corpus.size(), rounds * kMutations);
  return 0;
}

int unpack(const fs::path& target, const fs::path& folder) {
  fs::create_directories(target);
  for (const auto& [name, input] : readCorpus(folder))
    writeBytes(target / fs::path(name).stem(), input);
  return 0;
}

}  // namespace
}  // namespace inccl::fuzz

int main(int argc, char** argv) {
  const std::string program = std::filesystem::path(argv[0]).filename();
  if (argc == 4 && std::string_view(argv[1]) == "--unpack")
    return inccl::fuzz::unpack(argv[2], argv[3]);
  if (argc == 2) return inccl::fuzz::replay(program + ".input", argv[1]);
  std::fprintf(stderr, "usage: %s [--unpack DIR] CORPUS\n", program.c_str());
  return 2;
}
