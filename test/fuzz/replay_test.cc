#include "test/fuzz/target.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

// Runs the kept corpus through its targets, as it is and changed at random: fuzzing without libFuzzer, always the same.
// A bug ends the program; the report names the target, and the file or the number of the change.
using namespace skiff;

namespace {

const std::filesystem::path kCorpus = SKIFF_FUZZ_CORPUS;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{stream}, {}};
}

// Sorted, so that every run is the same.
std::vector<std::string> corpus_of(std::string_view target) {
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / target)) {
    corpus.push_back(content_of(entry.path()));
  }
  std::sort(corpus.begin(), corpus.end());
  return corpus;
}

std::size_t below(std::mt19937& random, std::size_t limit) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

// An input with a few bytes changed, removed, doubled, or put in from another.
std::string mutated(const std::vector<std::string>& corpus, std::mt19937& random) {
  std::string input = corpus[below(random, corpus.size())];
  for (std::size_t changes = 1 + below(random, 4); changes > 0 && !input.empty(); --changes) {
    const std::size_t at = below(random, input.size());
    const std::string& other = corpus[below(random, corpus.size())];
    switch (below(random, 5)) {
      case 0:
        input[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        input.erase(at, 1 + below(random, 16));
        break;
      case 2:
        input.insert(at, input.substr(at, 1 + below(random, 32)));
        break;
      case 3:
        input.insert(at, 1, "{}[]\",:/=&%\n 0-"[below(random, 16)]);
        break;
      default:
        if (!other.empty()) input.insert(at, other.substr(below(random, other.size()), 1 + below(random, 64)));
    }
  }
  return input;
}

// SKIFF_FUZZ_RUNS=100000 for a long run.
int runs() {
  const char* text = std::getenv("SKIFF_FUZZ_RUNS");
  return text == nullptr ? 500 : std::atoi(text);
}

}  // namespace

TEST_CASE("the corpora of the fuzz targets run without a finding") {
  for (const fuzz::Target& target : fuzz::all_targets()) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kCorpus / target.name)) {
      INFO(entry.path().string());
      target.run(content_of(entry.path()));
      ++count;
    }
    INFO(target.name);
    CHECK(count > 0);
    target.run("");
  }
}

TEST_CASE("every corpus has its target") {
  std::set<std::string> names;
  for (const fuzz::Target& target : fuzz::all_targets()) names.insert(std::string(target.name));
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    CHECK(names.contains(entry.path().filename().string()));
  }
}

TEST_CASE("the corpora, changed at random, run without a finding") {
  for (const fuzz::Target& target : fuzz::all_targets()) {
    const std::vector<std::string> corpus = corpus_of(target.name);
    std::mt19937 random(1);
    for (int run = 0; run < runs(); ++run) {
      INFO(target.name << ", change " << run);
      target.run(mutated(corpus, random));
    }
    CHECK_FALSE(corpus.empty());
  }
}
