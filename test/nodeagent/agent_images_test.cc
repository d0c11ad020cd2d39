// The images of a node whose runtime and image store are simulated.
#include "test/nodeagent/simulated_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

const std::string kUsed = "example.com/used:1";
const std::string kUnused = "example.com/unused:1";

// A node whose disk is full, with two images and a pod.
struct FullNode : test::Node {
  FullNode() {
    ImageConfig config;
    config.command = {"/simulated"};
    for (const std::string& name : {kUsed, kUnused}) images.set_config(name, config);
    options.images.emplace();
    options.images->measure = []() -> Result<DiskSpace> { return DiskSpace{1000, 10}; };
    Json pod = test::make_pod("web");
    pod["spec"]["containers"][0]["image"] = kUsed;
    client.put(api::kPods, pod);
    start();
  }
  ~FullNode() { stop(); }

  bool has(const std::string& image) { return images.find(image)->has_value(); }
  std::vector<std::string> told_images() {
    std::vector<std::string> names;
    const Json node = *client.peek(api::kNodes, {"", "n1"});
    const Json* listed = find(node, {"status", "images"});
    if (listed == nullptr) return names;
    for (const Json& image : *listed) names.push_back(image.at("names").at(0).get<std::string>());
    return names;
  }
};

}  // namespace

TEST_CASE("the images of pods stay, others go from a full disk") {
  FullNode node;
  CHECK(node.told_images() == std::vector<std::string>{kUnused, kUsed});
  CHECK(node.has(kUnused));  // which pods there are is not known yet
  node.until_running();
  node.until([&] { return !node.has(kUnused); });
  node.until([&] {
    return node.event_messages().contains(
        "FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 190 bytes, but "
        "only found 0 bytes eligible to free.");
  });
  CHECK(node.has(kUsed));

  node.client.erase(api::kPods, {"default", "web"});
  node.until([&] { return !node.has(kUsed); });
  node.until([&] { return node.told_images() == std::vector<std::string>{kUsed}; });
}
