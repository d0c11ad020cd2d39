#include "nodeagent/runtime/oci/cgroup_usage.h"

#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("what a cgroup has used, by version 1") {
  test::TempDir mounts;
  oci::CgroupHost host;
  host.hierarchies = {mounts / "freezer", mounts / "cpuacct", mounts / "memory"};
  CHECK_FALSE(oci::read_cgroup_usage(host, "/skiff/a"));
  std::filesystem::create_directories(mounts / "freezer/skiff/a");
  write(mounts / "cpuacct/skiff/a/cpuacct.usage", "123456789\n");
  CHECK_FALSE(oci::read_cgroup_usage(host, "/skiff/a"));
  write(mounts / "memory/skiff/a/memory.usage_in_bytes", "1000000\n");
  write(mounts / "memory/skiff/a/memory.stat",
        "inactive_file 1\ntotal_inactive_file_x 2\ntotal_inactive_file 400000\n");
  const auto usage = oci::read_cgroup_usage(host, "/skiff/a");
  REQUIRE(usage);
  CHECK(usage->cpu_nanoseconds == 123456789);
  CHECK(usage->memory_bytes == 600000);
  CHECK(usage->processes == 0);
}

TEST_CASE("what a cgroup has used, by version 2") {
  test::TempDir mount;
  oci::CgroupHost host;
  host.unified = true;
  host.hierarchies = {mount.path()};
  write(mount / "skiff/a/cpu.stat", "usage_usec 1500\nuser_usec 1000\n");
  write(mount / "skiff/a/memory.current", "5000\n");
  write(mount / "skiff/a/pids.current", "7\n");
  write(mount / "skiff/a/memory.stat", "anon 1\ninactive_file 6000\n");
  const auto usage = oci::read_cgroup_usage(host, "/skiff/a");
  REQUIRE(usage);
  CHECK(usage->cpu_nanoseconds == 1'500'000);
  CHECK(usage->memory_bytes == 0);  // the two figures are of different moments
  CHECK(usage->processes == 7);
}

TEST_CASE("whether the kernel killed for want of memory") {
  test::TempDir mounts;
  oci::CgroupHost host;
  SECTION("by version 1") {
    host.hierarchies = {mounts / "cpu", mounts / "memory"};
    CHECK_FALSE(oci::read_oom_kills(host, "/skiff/a"));
    write(mounts / "memory/skiff/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
    CHECK(oci::read_oom_kills(host, "/skiff/a") == 2);
  }
  SECTION("by version 2") {
    host.unified = true;
    host.hierarchies = {mounts.path()};
    write(mounts / "skiff/a/memory.events", "low 0\nmax 7\noom 1\noom_kill 0\n");
    CHECK(oci::read_oom_kills(host, "/skiff/a") == 0);
  }
}
