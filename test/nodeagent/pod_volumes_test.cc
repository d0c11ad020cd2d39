// Pods with files on a node whose containers are simulated.
#include "api/base/files.h"
#include "test/nodeagent/simulated_node.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

struct NodeWithFiles : test::Node {
  test::TempDir directory;

  NodeWithFiles() {
    options.data_directory = directory.path();
    use_checks();
  }
  ~NodeWithFiles() { stop(); }

  void put_config_map(const std::string& level) {
    client.put(api::kConfigMaps,
               {{"metadata", {{"name", "special"}, {"namespace", "default"}}}, {"data", {{"level", level}}}});
  }
  void run_pod_with_config_map() {
    Json pod = test::make_pod();
    pod["spec"]["volumes"] = Json::parse(R"([{"name": "v", "configMap": {"name": "special"}}])");
    client.put(api::kPods, pod);
    until_running();
  }
  std::string shown() {
    const std::string uid = string_at(pod(), {"metadata", "uid"});
    const auto text = read_file(directory / ("pods/" + uid + "/volumes/kubernetes.io~configmap/v/level"));
    return text ? *text : "";
  }
};

}  // namespace

TEST_CASE("what the disk refuses is tried again") {
  NodeWithFiles node;
  const api::ObjectPtr pod = node.client.put(api::kPods, test::make_pod());
  const std::string containers = node.directory / ("pods/" + string_at(*pod, {"metadata", "uid"}) + "/containers");
  REQUIRE(make_directories(containers));
  REQUIRE(write_file_atomically(containers + "/main", "in the way of the directory"));
  node.start();
  node.until([&] { return node.state() == "CreateContainerConfigError"; });
  node.advance(9s);
  CHECK(node.state() == "CreateContainerConfigError");
  REQUIRE(remove_tree(containers + "/main"));
  node.advance(1s);
  node.until_running();
}

TEST_CASE("a pod whose ConfigMap is deleted goes on with what it has") {
  NodeWithFiles node;
  node.put_config_map("very");
  node.start();
  node.run_pod_with_config_map();
  node.client.erase(api::kConfigMaps, {"default", "special"});
  node.until([&] {
    return node.event_messages().contains(
        "FailedMount: MountVolume.SetUp failed for volume \"v\" : configmap \"special\" not found");
  });

  node.runtime.exit_container(node.runtime.find_container("main")->id, 3);
  node.until([&] { return node.runtime.find_container("main")->attempt == 1 && node.state() == "running"; });
  CHECK(node.shown() == "very");

  node.put_config_map("low");
  node.until([&] { return node.shown() == "low"; });
}
