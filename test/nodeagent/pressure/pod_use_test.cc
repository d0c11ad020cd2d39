#include "nodeagent/pressure/pod_use.h"

#include "nodeagent/pressure/disk_use.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kMebibyte = 1 << 20;

PodUse pod_using(const std::string& name, std::int64_t priority, const char* memory_request, std::int64_t memory) {
  Json pod = test::make_pod(name);
  pod["spec"]["priority"] = priority;
  if (*memory_request != 0) {
    pod["spec"]["containers"][0]["resources"]["requests"] = {{"memory", memory_request}};
  }
  PodUse use;
  use.pod = std::make_shared<const Json>(std::move(pod));
  use.use.memory_bytes = memory;
  return use;
}

std::string order_of(std::vector<PodUse> pods, EvictionSignal signal) {
  rank_for_eviction(pods, signal);
  std::string names;
  for (const PodUse& pod : pods) names += string_at(*pod.pod, {"metadata", "name"}) + " ";
  return names;
}

}  // namespace

TEST_CASE("who is evicted first for want of memory") {
  CHECK(order_of({pod_using("within", -10, "1Gi", 900 * kMebibyte), pod_using("important", 100, "", 500 * kMebibyte),
                  pod_using("small", 0, "", 10 * kMebibyte), pod_using("big", 0, "64Mi", 100 * kMebibyte),
                  pod_using("least", -1, "", 1)},
                 EvictionSignal::kMemoryAvailable) == "least big small important within ");
  SECTION("who uses all that it requests and no more does not use too much") {
    CHECK(order_of({pod_using("exact", 0, "1Mi", kMebibyte), pod_using("above", 5, "1Mi", kMebibyte + 1)},
                   EvictionSignal::kMemoryAvailable) == "above exact ");
  }
  SECTION("equals stay in their order") {
    CHECK(order_of({pod_using("b", 0, "", 5), pod_using("a", 0, "", 5)}, EvictionSignal::kMemoryAvailable) == "b a ");
  }
}

TEST_CASE("who is evicted first for want of something else") {
  std::vector<PodUse> pods{pod_using("one", 0, "", 0), pod_using("two", 0, "", 0), pod_using("three", 1, "", 0)};
  Json with_request = *pods[0].pod;
  with_request["spec"]["containers"][0]["resources"]["requests"] = {{"ephemeral-storage", "10Mi"}};
  pods[0].pod = std::make_shared<const Json>(std::move(with_request));
  pods[0].use = {0, 8 * kMebibyte, 30, 7};
  pods[1].use = {0, 2 * kMebibyte, 20, 9};
  pods[2].use = {0, 9 * kMebibyte, 10, 99};
  CHECK(order_of(pods, EvictionSignal::kNodeFsAvailable) == "two three one ");
  CHECK(order_of(pods, EvictionSignal::kImageFsAvailable) == "two three one ");
  CHECK(order_of(pods, EvictionSignal::kImageFsInodesFree) == "one two three ");
  // Priority alone, and then how many there are.
  CHECK(order_of(pods, EvictionSignal::kPidAvailable) == "two one three ");
}

TEST_CASE("what an evicted pod is told") {
  PodUse pod = pod_using("web", 0, "64Mi", 0);
  Json document = *pod.pod;
  document["spec"]["containers"].push_back(test::make_container("modest"));
  document["spec"]["containers"][1]["resources"]["requests"] = {{"memory", "1Gi"}};
  document["spec"]["initContainers"] = Json::array({test::make_container("beside")});
  document["spec"]["ephemeralContainers"] = Json::array({test::make_container("debug")});
  pod.pod = std::make_shared<const Json>(std::move(document));
  for (const char* name : {"beside", "debug", "main", "modest"}) {
    pod.containers.push_back({name, "", {80 * kMebibyte, 3 * kMebibyte + 1, 5, 5}});
  }
  EvictionThreshold threshold;
  threshold.amount = *api::Quantity::parse("100Mi");
  CHECK(eviction_message(pod, threshold, {50 * kMebibyte, 1 << 30}) ==
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container beside was using 80Mi, request is 0, has larger consumption of memory. "
        "Container main was using 80Mi, request is 64Mi, has larger consumption of memory. ");
  threshold = {EvictionSignal::kNodeFsAvailable, {}, 0.5F};
  pod.containers.resize(1);
  CHECK(eviction_message(pod, threshold, {1000, 4096}) ==
        "The node was low on resource: ephemeral-storage. Threshold quantity: 2Ki, available: 1k. "
        "Container beside was using 3145729, request is 0, has larger consumption of ephemeral-storage. ");
  threshold = {EvictionSignal::kPidAvailable, api::Quantity::from_integer(100), 0};
  CHECK(eviction_message(pod, threshold, {77, 32768}) ==
        "The node was low on resource: pids. Threshold quantity: 100, available: 77. ");
  threshold.signal = EvictionSignal::kNodeFsInodesFree;
  CHECK(eviction_message(pod, threshold, {77, 32768}) ==
        "The node was low on resource: inodes. Threshold quantity: 100, available: 77. ");
}

TEST_CASE("what a pod has on the disk") {
  const test::TempDir directory;
  PodFiles::Options options;
  options.root = directory / "agent";
  const PodFiles files(std::move(options));
  const auto put = [](const std::string& path, std::size_t bytes) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << std::string(bytes, 'x');
  };
  put(directory / "layer/etc/passwd", 40000);
  put(files.log_directory("uid-web") + "/main/0.log", 30000);
  put(files.log_directory("uid-web") + "/other/0.log", 1 << 20);
  put(files.pod_directory("uid-web") + "/volumes/kubernetes.io~empty-dir/data/file", 20000);
  PodUse pod = pod_using("web", 0, "", 0);
  pod.containers = {{"main", directory / "layer", {5, 0, 0, 0}}};
  measure_disk_use(pod, files);
  const ResourceUse& own = pod.containers[0].use;
  CHECK(own.memory_bytes == 5);
  CHECK(own.disk_bytes >= 70000);
  CHECK(own.disk_bytes < 120000);
  CHECK(own.inodes == 5);  // three directories and two files
  CHECK(pod.use.disk_bytes >= own.disk_bytes + 20000);
  CHECK(pod.use.disk_bytes < own.disk_bytes + 60000);
  CHECK(pod.use.inodes == 9);
}

}  // namespace skiff::nodeagent
