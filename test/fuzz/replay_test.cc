#include "test/fuzz/target.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

// Runs the kept corpus through its targets. A bug's input ends the program; the last line of the report names it.
using namespace skiff;

namespace {

const std::filesystem::path kCorpus = SKIFF_FUZZ_CORPUS;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{stream}, {}};
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
