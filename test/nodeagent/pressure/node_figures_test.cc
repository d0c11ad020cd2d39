#include "nodeagent/pressure/node_figures.h"

#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace skiff::nodeagent {

TEST_CASE("what a node has left") {
  const test::TempDir proc;
  SECTION("as the kernel tells") {
    std::filesystem::create_directories(proc / "sys/kernel");
    std::ofstream(proc / "meminfo") << "MemTotal:  1000 kB\nMemFree:  300 kB\nInactive(file):  200 kB\n";
    std::ofstream(proc / "loadavg") << "0.10 0.20 0.30 2/431 12345\n";
    std::ofstream(proc / "sys/kernel/pid_max") << "32768\n";
    std::ofstream(proc / "sys/kernel/threads-max") << "1000\n";
    const NodeFigures figures = read_node_figures(proc.path(), proc / "not/there/yet", proc.path());
    CHECK(figures.at(EvictionSignal::kMemoryAvailable).available == 500 * 1024);
    CHECK(figures.at(EvictionSignal::kMemoryAvailable).capacity == 1000 * 1024);
    CHECK(figures.at(EvictionSignal::kPidAvailable).available == 569);
    CHECK(figures.at(EvictionSignal::kPidAvailable).capacity == 1000);
    for (const EvictionSignal disk : {EvictionSignal::kNodeFsAvailable, EvictionSignal::kImageFsAvailable}) {
      CHECK(figures.at(disk).available > 0);
      CHECK(figures.at(disk).capacity > figures.at(disk).available);
    }
  }
  SECTION("what is not known crosses no threshold") {
    const NodeFigures figures = read_node_figures("/", "/", proc.path());
    CHECK_FALSE(figures.contains(EvictionSignal::kMemoryAvailable));
    CHECK_FALSE(figures.contains(EvictionSignal::kPidAvailable));
  }
}

}  // namespace skiff::nodeagent
