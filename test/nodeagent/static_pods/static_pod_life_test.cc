// What a whole agent makes of manifests, on a simulated node.
#include "api/base/files.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "api/views/static_pods.h"
#include "test/nodeagent/simulated_node.h"
#include "test/nodeagent/static_pods/manifests.h"
#include "test/support/temp_dir.h"

#include <unistd.h>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const api::NamespacedName kStaticName{"default", "static-web-n1"};

struct StaticNode : test::Node {
  test::TempDir directory;

  StaticNode() {
    options.static_pods.rules = test::simple_rules();
    options.static_pods.manifest_path = directory.path();
    options.restart_back_off.initial = 1ms;
  }

  void write(const std::string& image = "nginx:1.13") {
    REQUIRE(write_file_atomically(directory / "web.yaml", test::web_manifest(image), 0644).has_value());
  }
  void remove() { ::unlink((directory / "web.yaml").c_str()); }
  // The container of the pod; "" while there is none that runs.
  std::string container() {
    const ContainerStatus* found = runtime.find_container("web");
    return found != nullptr && found->state == ContainerState::kRunning ? found->id : "";
  }
  api::ObjectPtr mirror() { return client.peek(api::kPods, kStaticName); }
  std::string mirror_phase() { return mirror() ? string_at(*mirror(), {"status", "phase"}) : "none"; }
  void until_running() {
    until([this] { return mirror_phase() == "Running" && !container().empty(); });
  }
};

}  // namespace

TEST_CASE("a static pod runs, and its mirror tells") {
  StaticNode node;
  node.write();
  node.start();
  node.until_running();
  const std::string container = node.container();
  const Json mirror = *node.mirror();
  const std::string hash = *api::annotation_of(mirror, api::kConfigHashAnnotation);
  CHECK(mirror["status"]["podIP"] == "10.128.0.1");
  CHECK(mirror["status"]["containerStatuses"][0]["ready"] == true);
  CHECK(*api::annotation_of(mirror, api::kConfigMirrorAnnotation) == hash);
  CHECK(node.agent->find_pod(kStaticName)->origin() == PodOrigin::kStatic);

  SECTION("its events are found by the hash, as kubectl describe looks for them") {
    node.until([&] { return node.event_messages().contains("Started: Started container web"); });
    for (const auto& event : node.client.peek_all(api::kEvents)) CHECK((*event)["involvedObject"]["uid"] == hash);
  }
  SECTION("a mirror that somebody deletes comes back, and the pod does not notice") {
    node.client.erase(api::kPods, kStaticName);
    node.until([&] { return node.mirror() && api::uid_of(*node.mirror()) != api::uid_of(mirror); });
    node.until_running();
    CHECK(node.container() == container);
    CHECK(node.mirror_phase() == "Running");
  }
  SECTION("a container that ends is restarted, and counted") {
    node.runtime.exit_container(container, 1);
    node.until([&] {
      return node.mirror() && (*node.mirror())["status"]["containerStatuses"][0]["restartCount"] == 1 &&
             !node.container().empty();
    });
  }
  SECTION("a changed manifest is another pod, with another mirror") {
    node.write("nginx:1.14");
    node.until([&] {
      return node.mirror_phase() == "Running" && (*node.mirror())["spec"]["containers"][0]["image"] == "nginx:1.14";
    });
    CHECK(node.runtime.config_of("web")->image_reference == "nginx:1.14");
    CHECK(node.runtime.snapshot().sandboxes.size() == 1);
    CHECK(node.agent->pods() == 1);
  }
  SECTION("without its manifest it goes, and the mirror after it") {
    node.remove();
    node.until([&] { return node.mirror() == nullptr; });
    CHECK(node.runtime.snapshot().sandboxes.empty());
    CHECK(node.agent->pods() == 0);
    CHECK(node.event_messages().contains("Killing: Stopping container web"));
  }
  SECTION("the next agent finds it running") {
    node.stop();
    node.start();
    node.until([&] { return node.agent->pods() == 1; });
    test::run_ready(node.context);
    CHECK(node.container() == container);
    CHECK(api::uid_of(*node.mirror()) == api::uid_of(mirror));
    CHECK((*node.mirror())["status"] == mirror["status"]);
  }
  SECTION("what became of its manifest meanwhile counts") {
    node.stop();
    node.remove();
    node.start();
    node.until([&] { return node.mirror() == nullptr && node.runtime.snapshot().sandboxes.empty(); });
  }
}

TEST_CASE("a static pod is ready when others say so of its mirror") {
  StaticNode node;
  REQUIRE(write_file_atomically(node.directory / "web.yaml",
                                test::web_manifest() + "  readinessGates:\n  - conditionType: example.com/door\n", 0644)
              .has_value());
  const auto ready = [&] { return node.mirror() ? api::condition_status(*node.mirror(), "Ready") : ""; };
  const auto say = [&](const char* status) {
    node.client.modify(api::kPods, kStaticName, [&](Json& mirror) {
      api::set_condition(mirror, {"example.com/door", status, "Moved", ""}, node.clock.now());
    });
  };
  node.start();
  node.until_running();
  node.until([&] { return ready() == "False"; });
  CHECK(string_at(*api::find_condition(*node.mirror(), "Ready"), {"reason"}) == "ReadinessGatesNotReady");
  say("True");
  node.until([&] { return ready() == "True"; });
  CHECK(api::is_condition_true(*node.mirror(), "example.com/door"));
  say("False");
  node.until([&] { return ready() == "False"; });
}

TEST_CASE("static pods need no server") {
  StaticNode node;
  node.write();
  constexpr int kManyTimes = 12;
  node.client.fail("", api::unavailable("connection refused"), kManyTimes);
  node.start();
  node.until([&] { return !node.container().empty(); });
  CHECK(node.mirror() == nullptr);
  // Nor to be restarted.
  node.runtime.exit_container(node.container(), 1);
  node.until([&] { return !node.container().empty(); });
  CHECK(node.runtime.find_container("web")->attempt == 1);
  // The server's return shows in the mirror.
  node.until_running();
  CHECK((*node.mirror())["status"]["containerStatuses"][0]["restartCount"] == 1);
}

TEST_CASE("a pod of the API is none of the node's, whatever it says of itself") {
  StaticNode node;
  node.start();
  Json pod = test::make_pod("forged");
  pod["metadata"]["annotations"] = {{api::kConfigSourceAnnotation, "file"}};
  node.client.put(api::kPods, pod);
  node.until([&] { return node.phase("forged") == "Running"; });

  SECTION("a mirror of nothing is removed") {
    Json mirror = test::make_pod("nothing");
    mirror["metadata"]["annotations"] = {{api::kConfigMirrorAnnotation, "abc"}};
    node.client.put(api::kPods, mirror);
    node.until([&] { return node.client.peek(api::kPods, {"default", "nothing"}) == nullptr; });
    CHECK(node.agent->pods() == 1);
  }
}

TEST_CASE("a manifest that cannot be used is an event of the node") {
  StaticNode node;
  REQUIRE(write_file_atomically(node.directory / "web.yaml",
                                test::web_manifest() + "    envFrom:\n    - configMapRef: {name: c}\n", 0644)
              .has_value());
  node.start();
  node.until([&] { return !node.client.peek_all(api::kEvents).empty(); });
  const Json event = *node.client.peek_all(api::kEvents)[0];
  CHECK(event["involvedObject"]["kind"] == "Node");
  CHECK(event["involvedObject"]["name"] == "n1");
  CHECK(event["type"] == "Warning");
  CHECK(event["reason"] == "FailedValidation");
  CHECK(event["message"] == "Could not process manifest file \"" + (node.directory / "web.yaml") +
                                "\": static pods may not reference configmaps");
  CHECK(node.agent->pods() == 0);
}
