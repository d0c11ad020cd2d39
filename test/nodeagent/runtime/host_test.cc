// Directories instead of cgroups: they are made and removed in the same way.
#include "nodeagent/runtime/oci/host.h"

#include "api/base/files.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>

namespace skiff::nodeagent::oci {

TEST_CASE("cgroups are removed from each hierarchy once, however deep they are") {
  const skiff::test::TempDir directory;
  CgroupHost host;
  for (int number = 0; number < 12; ++number) {
    host.hierarchies.push_back(directory.path() + "/" + std::to_string(number));
    std::filesystem::create_directories(host.hierarchies.back() + "/skiff/burstable/pod1/container/a/b/c/d/e");
    std::filesystem::create_directories(host.hierarchies.back() + "/skiff/besteffort/pod2/empty");
  }
  SECTION("all of them") {
    CHECK(remove_cgroup(host, "/skiff/burstable/pod1"));
    for (const std::string& hierarchy : host.hierarchies) {
      CHECK_FALSE(std::filesystem::exists(hierarchy + "/skiff/burstable/pod1"));
      CHECK(std::filesystem::exists(hierarchy + "/skiff/besteffort/pod2/empty"));
    }
  }
  SECTION("those that are empty") {
    // In the place of a process of somebody else: the directory cannot be removed.
    const std::string used = "/skiff/burstable/pod1/container/a/b/c/d/e";
    for (const std::string& hierarchy : host.hierarchies)
      REQUIRE(write_file_atomically(hierarchy + used + "/tasks", "1"));
    remove_empty_cgroups(host, "/skiff");
    for (const std::string& hierarchy : host.hierarchies) {
      CHECK(std::filesystem::exists(hierarchy + used));
      CHECK_FALSE(std::filesystem::exists(hierarchy + "/skiff/besteffort"));
    }
  }
}

}  // namespace skiff::nodeagent::oci
