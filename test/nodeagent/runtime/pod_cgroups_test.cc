// Directories with files instead of cgroups: what is written where can be read back. Unlike the kernel's, these keep
// the end of what was longer before, so they are emptied in between.
#include "nodeagent/runtime/oci/pod_cgroups.h"

#include "api/base/files.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>

namespace skiff::nodeagent::oci {

namespace {

// The kernel makes a cgroup's files with it; here they are made before.
void put_files(const std::string& cgroup, const std::vector<std::string>& files) {
  std::filesystem::create_directories(cgroup);
  for (const std::string& file : files) REQUIRE(write_file_atomically(cgroup + "/" + file, ""));
}

std::string text_of(const std::string& path) {
  const auto text = read_file(path);
  return text ? *text : "(none)";
}

PodCgroup pod_cgroup(const std::string& path, std::int64_t shares) {
  PodCgroup pod;
  pod.path = path;
  pod.resources.cpu_shares = shares;
  return pod;
}

const std::vector<std::string> kCpuFiles = {"cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us"};
const std::vector<std::string> kUnifiedFiles = {"cgroup.subtree_control", "cpu.weight", "cpu.max", "memory.max",
                                                "pids.max"};

}  // namespace

TEST_CASE("a pod's cgroup by version 1") {
  const skiff::test::TempDir mounts;
  CgroupHost host;
  // One whose name only begins like the one that is meant comes first.
  host.hierarchies = {mounts / "cpuset", mounts / "cpu,cpuacct", mounts / "memory", mounts / "pids"};
  const std::string cpu = mounts / "cpu,cpuacct/skiff/";
  put_files(cpu + "burstable", kCpuFiles);
  put_files(cpu + "burstable/pod1", kCpuFiles);
  put_files(mounts / "memory/skiff/burstable/pod1", {"memory.limit_in_bytes"});
  put_files(mounts / "pids/skiff/burstable/pod1", {"pids.max"});
  PodCgroups cgroups(host, "/skiff");
  PodCgroup pod = pod_cgroup("burstable/pod1", 512);
  CHECK(cgroups.path_of(pod) == "/skiff/burstable/pod1");

  SECTION("with all limits") {
    pod.resources.cpu_quota_us = 150000;
    pod.resources.memory_limit_bytes = 64 << 20;
    pod.resources.pids_limit = 100;
    REQUIRE(cgroups.make(pod));
    CHECK(text_of(cpu + "burstable/pod1/cpu.shares") == "512");
    CHECK(text_of(cpu + "burstable/pod1/cpu.cfs_period_us") == "100000");
    CHECK(text_of(cpu + "burstable/pod1/cpu.cfs_quota_us") == "150000");
    CHECK(text_of(mounts / "memory/skiff/burstable/pod1/memory.limit_in_bytes") == "67108864");
    CHECK(text_of(mounts / "pids/skiff/burstable/pod1/pids.max") == "100");
    CHECK_FALSE(path_exists(mounts / "cpuset/skiff"));
  }
  SECTION("without limits nothing is set") {
    REQUIRE(cgroups.make(pod));
    CHECK(text_of(cpu + "burstable/pod1/cpu.cfs_quota_us").empty());
    CHECK(text_of(mounts / "memory/skiff/burstable/pod1/memory.limit_in_bytes").empty());
  }
  SECTION("a class weighs what its pods do, until they end") {
    put_files(cpu + "burstable/pod2", kCpuFiles);
    REQUIRE(cgroups.make(pod));
    CHECK(text_of(cpu + "burstable/cpu.shares") == "512");
    REQUIRE(cgroups.make(pod_cgroup("burstable/pod2", 1024)));
    CHECK(text_of(cpu + "burstable/cpu.shares") == "1536");
    put_files(cpu + "burstable/pod1", kCpuFiles);
    cgroups.release(pod);
    CHECK(text_of(cpu + "burstable/pod1/cpu.shares") == "2");
    CHECK(text_of(cpu + "burstable/cpu.shares") == "1026");
  }
  SECTION("a class with a weight of its own") {
    put_files(cpu + "besteffort", kCpuFiles);
    put_files(cpu + "besteffort/pod3", kCpuFiles);
    PodCgroup best_effort = pod_cgroup("besteffort/pod3", 2);
    best_effort.class_cpu_shares = 2;
    REQUIRE(cgroups.make(best_effort));
    CHECK(text_of(cpu + "besteffort/cpu.shares") == "2");
  }
  SECTION("a pod without a class, which weighs for itself") {
    put_files(cpu + "pod4", kCpuFiles);
    REQUIRE(cgroups.make(pod_cgroup("pod4", 2048)));
    CHECK(text_of(cpu + "pod4/cpu.shares") == "2048");
    CHECK_FALSE(path_exists(cpu + "cpu.shares"));
  }
  SECTION("what is gone is not missed") {
    cgroups.release(pod_cgroup("burstable/pod9", 2));
    cgroups.remove(pod_cgroup("burstable/pod9", 2));
    CHECK_FALSE(path_exists(cpu + "burstable/pod9"));
  }
  SECTION("a limit that cannot be set is a failure") {
    host.hierarchies.pop_back();
    pod.resources.pids_limit = 100;
    const auto made = cgroups.make(pod);
    REQUIRE_FALSE(made);
    CHECK(made.error().message == "the cgroup controller pids is missing");
  }
}

TEST_CASE("a pod's cgroup by version 2") {
  const skiff::test::TempDir mount;
  CgroupHost host;
  host.unified = true;
  host.hierarchies = {mount.path()};
  put_files(mount.path(), {"cgroup.subtree_control"});
  put_files(mount / "skiff", kUnifiedFiles);
  put_files(mount / "skiff/burstable", kUnifiedFiles);
  put_files(mount / "skiff/burstable/pod1", kUnifiedFiles);
  PodCgroups cgroups(host, "/skiff");
  PodCgroup pod = pod_cgroup("burstable/pod1", 1024);
  pod.resources.cpu_quota_us = 150000;
  pod.resources.memory_limit_bytes = 64 << 20;
  pod.resources.pids_limit = 100;

  SECTION("its limits") {
    REQUIRE(cgroups.make(pod));
    CHECK(text_of(mount / "skiff/burstable/pod1/cpu.weight") == "39");
    CHECK(text_of(mount / "skiff/burstable/pod1/cpu.max") == "150000 100000");
    CHECK(text_of(mount / "skiff/burstable/pod1/memory.max") == "67108864");
    CHECK(text_of(mount / "skiff/burstable/pod1/pids.max") == "100");
  }
  SECTION("a class weighs what its pods do") {
    REQUIRE(cgroups.make(pod));
    put_files(mount / "skiff/burstable/pod2", kUnifiedFiles);
    REQUIRE(cgroups.make(pod_cgroup("burstable/pod2", 262144)));
    CHECK(text_of(mount / "skiff/burstable/cpu.weight") == "10000");
    put_files(mount / "skiff/burstable", kUnifiedFiles);
    put_files(mount / "skiff/burstable/pod2", kUnifiedFiles);
    cgroups.release(pod_cgroup("burstable/pod2", 262144));
    CHECK(text_of(mount / "skiff/burstable/cpu.weight") == "40");
  }
  SECTION("the controllers are handed down to a cgroup that is new") {
    // The directory that is made has no files here, so the first of them is missed; by then all is handed down.
    CHECK_FALSE(cgroups.make(pod_cgroup("burstable/pod9", 2)));
    CHECK(path_exists(mount / "skiff/burstable/pod9"));
    for (const char* above :
         {"cgroup.subtree_control", "skiff/cgroup.subtree_control", "skiff/burstable/cgroup.subtree_control"}) {
      CHECK(text_of(mount / above).starts_with("+pids"));  // the last that was written
    }
    CHECK(text_of(mount / "skiff/burstable/pod1/cgroup.subtree_control").empty());
  }
}

}  // namespace skiff::nodeagent::oci
