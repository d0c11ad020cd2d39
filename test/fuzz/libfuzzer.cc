#include "test/fuzz/target.h"

#include <cstdint>
#include <cstdlib>
#include <iostream>

// libFuzzer's entry points. One program holds all targets; the environment variable SKIFF_FUZZ_TARGET chooses.
namespace {

const skiff::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("SKIFF_FUZZ_TARGET");
  for (const skiff::fuzz::Target& target : skiff::fuzz::all_targets()) {
    if (name != nullptr && target.name == name) chosen = &target;
  }
  if (chosen != nullptr) return 0;
  std::cerr << "SKIFF_FUZZ_TARGET must be one of:";
  for (const skiff::fuzz::Target& target : skiff::fuzz::all_targets()) std::cerr << ' ' << target.name;
  std::cerr << '\n';
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
