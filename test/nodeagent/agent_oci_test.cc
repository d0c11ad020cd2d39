// The agent with real containers: what the fake runtime cannot show.
#include "nodeagent/agent.h"
#include "nodeagent/mounts.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/fake_client.h"
#include "test/support/oci_harness.h"

#include <catch2/catch.hpp>

namespace skiff::nodeagent::testing {

namespace {

namespace api = skiff::api;

// One image, whatever it is called.
class OneImage final : public ImageStore {
 public:
  explicit OneImage(std::string layer) {
    image_.id = "sha256:0123";
    image_.layer_directories = {std::move(layer)};
    image_.config.environment = {"PATH=/bin"};
    image_.config.command = {"/bin/sleep", "1000"};
  }
  Result<std::optional<Image>> find(const std::string&) const override { return std::optional<Image>(image_); }
  Result<std::vector<Image>> list() const override { return std::vector<Image>{image_}; }
  Result<Image> pull(const std::string&, const RegistryCredentials&, std::stop_token) override { return image_; }
  Result<std::vector<Image>> load(const std::string&) override { return std::vector<Image>(); }
  Result<void> mark_used(const std::vector<std::string>&, TimePoint) override { return {}; }
  Result<std::uint64_t> remove(const std::string&) override { return 0; }

 private:
  Image image_;
};

struct RealNode {
  OciHarness harness;
  SystemClock clock;
  skiff::test::FakeClient client{harness.options().executor, clock};
  OneImage images{harness.path("layer")};
  std::unique_ptr<NodeAgent> agent;

  // Also after a test that failed half way.
  ~RealNode() {
    stop();
    CHECK(unmount_below(harness.path("agent")));
  }

  void start() {
    AgentOptions options;
    options.node_name = "n1";
    options.internal_ip = "192.168.7.1";
    options.data_directory = harness.path("agent");
    options.restart_back_off.initial = std::chrono::milliseconds(100);
    agent = std::make_unique<NodeAgent>(client, harness.runtime(), images, clock, harness.options().executor,
                                        *harness.options().pool, options);
    REQUIRE(harness.run(agent->start()));
  }
  void stop() {
    if (agent) harness.run(agent->stop());
    agent.reset();
  }
  Json status() {
    const api::ObjectPtr pod = client.peek(api::kPods, {"default", "web"});
    return pod && pod->contains("status") ? pod->at("status") : Json::object();
  }
  bool is_ready() {
    const Json now = status();
    const Json* ready = now.contains("conditions") ? skiff::test::condition_of(now, "Ready") : nullptr;
    return ready != nullptr && (*ready)["status"] == "True";
  }
  std::string log(const std::string& container, bool previous = false) {
    api::LogOptions options;
    options.container = container;
    options.previous = previous;
    auto stream = harness.run(agent->logs({"default", "web"}, options));
    if (!stream) return stream.error().message;
    std::string text;
    for (;;) {
      auto piece = harness.run((*stream)->next());
      REQUIRE(piece.has_value());
      if (!*piece) return text;
      text += **piece;
    }
  }
};

Json shell_container(const std::string& name, const std::string& script) {
  Json container = skiff::test::make_container(name);
  container["command"] = {"/bin/sh", "-c", script};
  container["volumeMounts"] = Json::parse(R"([{"name": "data", "mountPath": "/data"},
      {"name": "config", "mountPath": "/config"}, {"name": "config", "mountPath": "/only/level", "subPath": "level"}])");
  return container;
}

// Deletes the pod; the API keeps it until somebody takes the finalizer away.
void delete_pod(RealNode& node, int grace_seconds) {
  node.client.modify(api::kPods, {"default", "web"}, [grace_seconds](Json& ending) {
    ending["metadata"]["finalizers"] = Json::array({"example.com/hold"});
    ending["metadata"]["deletionTimestamp"] = "2026-11-22T12:10:00Z";
    ending["metadata"]["deletionGracePeriodSeconds"] = grace_seconds;
  });
}

// A pod that does not end at SIGTERM has been deleted, with 600 seconds to end.
void start_to_end_a_stubborn_pod(RealNode& node) {
  Json pod = skiff::test::make_pod();
  pod["spec"]["terminationGracePeriodSeconds"] = 600;
  pod["spec"]["containers"][0]["command"] = {"/bin/sh", "-c", "trap '' TERM; while true; do sleep 1; done"};
  node.start();
  node.client.put(api::kPods, pod);
  node.harness.run_until([&] { return node.is_ready(); });
  delete_pod(node, 600);
  node.harness.run_until([&] {
    for (const auto& event : node.client.peek_all(api::kEvents)) {
      if (string_at(*event, {"reason"}) == "Killing") return true;
    }
    return false;
  });
}

}  // namespace

TEST_CASE("a real pod's whole life") {
  if (skiff::test::must_skip({"crun", "nft", "ip", "busybox"})) return;
  RealNode node;
  node.client.put(api::kConfigMaps, Json::parse(R"({"metadata": {"name": "special", "namespace": "default"},
      "data": {"level": "very"}})"));
  Json pod = skiff::test::make_pod();
  pod["spec"]["terminationGracePeriodSeconds"] = 1;
  pod["spec"]["volumes"] = Json::parse(R"([{"name": "data", "emptyDir": {"medium": "Memory"}},
      {"name": "config", "configMap": {"name": "special"}}])");
  pod["spec"]["containers"] = Json::array({
      shell_container("main",
                      "hostname; cat /config/level /only/level; echo; (echo x > /config/level) 2> /dev/null || "
                      "echo frozen; echo $LEVEL; echo from main > /data/page; "
                      "httpd -f -p 8080 -h /data"),
      shell_container("side",
                      "echo gone > /dev/termination-log; "
                      "until wget -q -O - http://127.0.0.1:8080/page; do true; done; sleep 1000 & wait"),
  });
  pod["spec"]["containers"][0]["env"] = Json::parse(R"([{"name": "LEVEL", "valueFrom": {"configMapKeyRef":
      {"name": "special", "key": "level"}}}])");
  node.start();
  node.client.put(api::kPods, pod);
  node.harness.run_until([&] { return node.is_ready(); });
  node.harness.run_until([&] { return node.log("side") == "from main\n"; });
  CHECK(node.log("main") == "web\nveryvery\nfrozen\nvery\n");
  CHECK_FALSE(string_at(node.status(), {"podIP"}).empty());

  SECTION("a ConfigMap's change reaches the running container") {
    node.client.modify(api::kConfigMaps, {"default", "special"}, [](Json& map) { map["data"]["level"] = "low"; });
    const std::string uid = string_at(*node.client.peek(api::kPods, {"default", "web"}), {"metadata", "uid"});
    const std::string file = node.harness.path("agent/pods/" + uid + "/volumes/kubernetes.io~configmap/config/level");
    node.harness.run_until([&] {
      const auto text = read_file(file);
      return text && *text == "low";
    });
  }
  SECTION("a killed container is restarted, and the run before is told of") {
    const std::string id = node.status()["containerStatuses"][1]["containerID"];
    node.harness.kill_container(id.substr(id.rfind('/') + 1));
    node.harness.run_until(
        [&] { return node.is_ready() && node.status()["containerStatuses"][1]["restartCount"] == 1; });
    const Json last = node.status()["containerStatuses"][1]["lastState"]["terminated"];
    CHECK(last["exitCode"] == 137);
    CHECK(last["message"] == "gone\n");
    CHECK(node.log("side", true) == "from main\n");
  }
  SECTION("another agent adopts it") {
    const Json before = node.status()["containerStatuses"];
    node.stop();
    node.harness.restart();
    node.start();
    node.harness.run_until([&] { return node.agent->pods() == 1; });
    CHECK(node.status()["containerStatuses"] == before);
    CHECK(node.log("side") == "from main\n");
  }
  node.client.erase(api::kPods, {"default", "web"});
  node.harness.run_until([&] { return node.agent->pods() == 0; });
  CHECK(list_directory(node.harness.path("agent/pods")).empty());
}

TEST_CASE("a pod that is deleted once more has less time to end") {
  if (skiff::test::must_skip({"crun", "nft", "ip", "busybox"})) return;
  RealNode node;
  start_to_end_a_stubborn_pod(node);
  delete_pod(node, 1);
  node.harness.run_until([&] { return node.agent->pods() == 0; });  // within the harness's 20 s
}

TEST_CASE("an agent that stops does not wait for containers that take their time to end") {
  if (skiff::test::must_skip({"crun", "nft", "ip", "busybox"})) return;
  RealNode node;
  start_to_end_a_stubborn_pod(node);
  node.stop();  // within the harness's 20 s

  // It runs on, and the next agent finds it.
  node.harness.restart();
  const auto found = node.harness.run(node.harness.runtime().recover());
  REQUIRE(found);
  REQUIRE(found->containers.size() == 1);
  CHECK(found->containers[0].state == ContainerState::kRunning);
  REQUIRE(node.harness.run(node.harness.runtime().remove_sandbox(found->sandboxes[0].id)));
}

}  // namespace skiff::nodeagent::testing
