#include "nodeagent/agent.h"

#include "test/nodeagent/simulated_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;
using test::Node;

TEST_CASE("an agent registers its node") {
  Node node;
  node.options.pod_cidr = "10.1.0.0/24";
  node.start();
  const api::ObjectPtr found = node.client.peek(api::kNodes, {"", "n1"});
  REQUIRE(found);
  const Json& object = *found;
  CHECK(object["metadata"]["labels"]["kubernetes.io/hostname"] == "n1");
  CHECK(object["spec"]["podCIDR"] == "10.1.0.0/24");
  CHECK(object["status"]["capacity"]["cpu"] == "2");
  CHECK(object["status"]["capacity"]["memory"] == "4194304Ki");
  CHECK(object["status"]["allocatable"]["pods"] == "110");
  CHECK(object["status"]["nodeInfo"]["containerRuntimeVersion"] == "fake://0.1.0");
  const Json* ready = test::condition_of(object["status"], "Ready");
  REQUIRE(ready != nullptr);
  CHECK((*ready)["status"] == "True");
  CHECK((*ready)["reason"] == "KubeletReady");

  SECTION("a second start changes nothing") {
    node.stop();
    const std::size_t writes = node.client.count_requests("update nodes");
    node.start();
    CHECK(node.client.count_requests("update nodes") == writes);
  }
  SECTION("labels of others survive") {
    node.stop();
    node.client.modify(api::kNodes, {"", "n1"}, [](Json& changed) {
      changed["metadata"]["labels"]["disk"] = "ssd";
      changed["status"]["capacity"]["cpu"] = "64";
    });
    node.start();
    const Json again = *node.client.peek(api::kNodes, {"", "n1"});
    CHECK(again["metadata"]["labels"]["disk"] == "ssd");
    CHECK(again["status"]["capacity"]["cpu"] == "2");
  }
}

TEST_CASE("a pod is brought to Running") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  const Json status = node.pod()["status"];
  CHECK(status["podIP"] == "10.128.0.1");
  CHECK(status["hostIP"] == "192.168.7.1");
  CHECK(status["containerStatuses"][0]["ready"] == true);
  CHECK(status["containerStatuses"][0]["restartCount"] == 0);
  CHECK(status["containerStatuses"][0]["containerID"].get<std::string>().starts_with("fake://"));
  CHECK((*test::condition_of(status, "Ready"))["status"] == "True");
  node.until([&] { return node.client.peek_all(api::kEvents).size() == 3; });
  CHECK(node.event_messages() ==
        std::set<std::string>{"Pulled: Container image \"nginx:1.13\" already present on machine",
                              "Created: Created container: main", "Started: Started container main"});

  SECTION("once: Pending is reported, then Running, and then nothing") {
    test::run_ready(node.context);
    CHECK(node.client.count_requests("update pods/status") == 2);
  }
  SECTION("pods of other nodes are left alone") {
    Json other = test::make_pod("other");
    other["spec"]["nodeName"] = "n2";
    node.client.put(api::kPods, other);
    test::run_ready(node.context);
    CHECK(node.agent->pods() == 1);
  }
}

// Of a hundred thousand pods nearly all are at rest.
TEST_CASE("a pod that has nothing to do is kept without its parsed form") {
  Node node;
  node.options.watch_pods = false;
  node.start();
  node.agent->pod_changed(node.client.put(api::kPods, test::make_pod()));
  node.until_running();
  test::run_ready(node.context);
  const auto document_is_kept = [&] {
    const std::weak_ptr<const Json> document = node.client.peek(api::kPods, {"default", "web"});
    node.client.modify(api::kPods, {"default", "web"}, [](Json&) {});
    node.client.compact();
    return !document.expired();
  };
  CHECK_FALSE(document_is_kept());

  SECTION("nor does news that it need not act upon change that") {
    node.agent->pod_changed(node.client.peek(api::kPods, {"default", "web"}));
    test::run_ready(node.context);
    CHECK_FALSE(document_is_kept());
  }
}

TEST_CASE("an agent that has stopped begins nothing when its pods' turn comes") {
  Turns turns(1);
  Turns::Turn of_another;
  REQUIRE(turns.take([&of_another](Turns::Turn turn) { of_another = std::move(turn); }));
  Node node;
  node.options.turns = &turns;
  node.options.watch_pods = false;
  node.start();
  node.agent->pod_changed(node.client.put(api::kPods, test::make_pod()));
  test::run_ready(node.context);
  CHECK(node.runtime.snapshot().sandboxes.empty());

  SECTION("but one that runs does") {
    of_another = {};
    node.until_running();
  }
  SECTION("it does not") {
    test::run(node.context, node.agent->stop());
    test::run_ready(node.context);
    of_another = {};
    node.context.restart();
    CHECK(node.context.poll() == 0);
  }
}

TEST_CASE("a status write that loses the race is made again") {
  Node node;
  node.start();
  node.client.fail("update pods/status", api::object_modified("", "pods", "web"), 2);
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
}

TEST_CASE("a container that ends is started again, with back-off the second time") {
  Node node;
  node.options.restart_back_off.initial = 10s;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();

  node.runtime.exit_container(node.runtime.find_container("main")->id, 3);
  node.until([&] { return node.runtime.find_container("main")->attempt == 1 && node.state() == "running"; });
  Json container = node.pod()["status"]["containerStatuses"][0];
  CHECK(container["restartCount"] == 1);
  CHECK(container["lastState"]["terminated"]["exitCode"] == 3);
  CHECK(container["lastState"]["terminated"]["reason"] == "Error");

  node.runtime.exit_container(node.runtime.find_container("main")->id, 4);
  node.until([&] { return node.state() == "CrashLoopBackOff"; });
  container = node.pod()["status"]["containerStatuses"][0];
  const std::string pod = "web_default(" + string_at(node.pod(), {"metadata", "uid"}) + ")";
  CHECK(container["state"]["waiting"]["message"] == "back-off 10s restarting failed container=main pod=" + pod);
  CHECK(container["lastState"]["terminated"]["exitCode"] == 4);
  CHECK(container["restartCount"] == 1);
  node.until([&] {
    return node.event_messages().contains("BackOff: Back-off restarting failed container main in pod " + pod);
  });
}

TEST_CASE("back-off passes") {
  Node node;
  node.options.restart_back_off.initial = 1ms;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  for (std::uint32_t attempt = 0; attempt < 4; ++attempt) {
    node.until([&] {
      const ContainerStatus* status = node.runtime.find_container("main");
      node.clock.advance(1ms);
      return status != nullptr && status->attempt == attempt && status->state == ContainerState::kRunning;
    });
    node.runtime.exit_container(node.runtime.find_container("main")->id, 1);
  }
  node.until([&] {
    node.clock.advance(1ms);
    return node.state() == "running" && node.pod()["status"]["containerStatuses"][0]["restartCount"] == 4;
  });
  CHECK(node.runtime.snapshot().containers.size() == 2);  // the running one and the one before
}

TEST_CASE("a pod that is deleted ends and its deletion is confirmed") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();

  SECTION("gracefully") {
    node.client.modify(api::kPods, {"default", "web"}, [](Json& pod) {
      pod["metadata"]["finalizers"] = Json::array({"example.com/hold"});  // the fake API has no grace periods
      pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
      pod["metadata"]["deletionGracePeriodSeconds"] = 30;
    });
    node.until([&] { return node.client.count_requests("delete pods default/web") == 1; });
    CHECK(node.state() == "terminated");
    CHECK(node.pod()["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 143);
    node.until([&] { return node.event_messages().contains("Killing: Stopping container main"); });
  }
  SECTION("by force: nobody is told any more") {
    node.client.erase(api::kPods, {"default", "web"});
    node.until([&] { return node.agent->pods() == 0; });
    CHECK(node.client.count_requests("delete pods") == 0);
  }
  node.until([&] { return node.agent->pods() == 0; });
  CHECK(node.runtime.snapshot().sandboxes.empty());
  CHECK(node.runtime.snapshot().containers.empty());
}

TEST_CASE("a pod that ends for good keeps its containers and frees its sandbox") {
  Node node;
  node.start();
  Json pod = test::make_pod();
  pod["spec"]["restartPolicy"] = "Never";
  node.client.put(api::kPods, pod);
  node.until_running();
  node.runtime.exit_container(node.runtime.find_container("main")->id, 0);
  node.until([&] { return node.phase() == "Succeeded"; });
  node.until([&] { return !node.runtime.snapshot().sandboxes[0].ready; });
  CHECK(node.runtime.snapshot().containers.size() == 1);
  CHECK(node.pod()["status"]["podIP"] == "10.128.0.1");
}

TEST_CASE("an agent that starts again adopts what runs") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  const std::string id = node.runtime.find_container("main")->id;
  node.stop();

  SECTION("nothing is restarted and nothing is written") {
    const std::size_t writes = node.client.count_requests("update pods/status");
    node.start();
    node.until([&] { return node.agent->pods() == 1; });
    test::run_ready(node.context);
    CHECK(node.runtime.find_container("main")->id == id);
    CHECK(node.client.count_requests("update pods/status") == writes);
  }
  SECTION("an exit in between is noticed") {
    node.runtime.exit_container(id, 5);
    node.start();
    node.until([&] { return node.runtime.find_container("main")->attempt == 1 && node.state() == "running"; });
    node.until([&] { return node.pod()["status"]["containerStatuses"][0]["restartCount"] == 1; });
    CHECK(node.pod()["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 5);
  }
  SECTION("what the API no longer knows is removed") {
    node.client.erase(api::kPods, {"default", "web"});
    node.start();
    node.until([&] { return node.runtime.snapshot().sandboxes.empty(); });
    CHECK(node.runtime.snapshot().containers.empty());
  }
}

TEST_CASE("a sandbox that dies is replaced, and its containers with it") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  const std::string sandbox = node.runtime.snapshot().sandboxes[0].id;
  node.runtime.exit_sandbox(sandbox);
  node.until([&] {
    const auto found = node.runtime.snapshot().sandboxes;
    return found.size() == 1 && found[0].id != sandbox && node.state() == "running";
  });
  node.until([&] { return node.pod()["status"]["containerStatuses"][0]["restartCount"] == 1; });
  CHECK(node.pod()["status"]["podIP"] == "10.128.0.2");
}

TEST_CASE("init containers run one after the other before the others") {
  Node node;
  node.start();
  Json pod = test::make_pod();
  pod["spec"]["initContainers"] = Json::array({test::make_container("one"), test::make_container("two")});
  node.client.put(api::kPods, pod);
  const auto runs = [&](const std::string& name) {
    const ContainerStatus* status = node.runtime.find_container(name);
    return status != nullptr && status->state == ContainerState::kRunning;
  };
  node.until([&] { return runs("one"); });
  test::run_ready(node.context);
  CHECK(node.runtime.find_container("two") == nullptr);
  CHECK(node.state() == "PodInitializing");
  CHECK((*test::condition_of(node.pod()["status"], "Initialized"))["message"] ==
        "containers with incomplete status: [one two]");
  node.runtime.exit_container(node.runtime.find_container("one")->id, 0);
  node.until([&] { return runs("two"); });
  CHECK(node.runtime.find_container("main") == nullptr);
  node.runtime.exit_container(node.runtime.find_container("two")->id, 0);
  node.until_running();
  CHECK((*test::condition_of(node.pod()["status"], "Initialized"))["status"] == "True");
}

TEST_CASE("what fails on the way is told as upstream tells it") {
  Node node;
  node.options.pull_back_off.initial = 10ms;
  SECTION("sandbox") {
    node.runtime.set_fault([](std::string_view operation, const std::string&) -> std::optional<Error> {
      if (operation != "run_sandbox") return std::nullopt;
      return Error{ErrorCode::kInternal, "no addresses left"};
    });
    node.start();
    node.client.put(api::kPods, test::make_pod());
    node.until([&] {
      return node.event_messages().contains(
          "FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = no addresses left");
    });
    CHECK(node.state() == "ContainerCreating");
  }
  SECTION("start") {
    node.runtime.set_fault([](std::string_view operation, const std::string&) -> std::optional<Error> {
      if (operation != "start_container") return std::nullopt;
      return Error{ErrorCode::kInternal, "exec: \"nope\": executable file not found in $PATH"};
    });
    node.start();
    node.client.put(api::kPods, test::make_pod());
    node.until([&] { return node.state() == "CrashLoopBackOff"; });
    const Json container = node.pod()["status"]["containerStatuses"][0];
    CHECK(container["lastState"]["terminated"]["exitCode"] == 128);
    CHECK(container["lastState"]["terminated"]["reason"] == "StartError");
  }
  SECTION("pull") {
    node.images.set_absent("nginx:1.13", "no such host");
    node.start();
    node.client.put(api::kPods, test::make_pod());
    node.until([&] { return node.state() == "ErrImagePull"; });
    node.clock.advance(6ms);
    node.until([&] { return node.state() == "ImagePullBackOff"; });
    CHECK(node.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["message"] ==
          "Back-off pulling image \"nginx:1.13\": ErrImagePull: rpc error: code = Unknown desc = no such host");
    node.images.set_absent("nginx:1.13", "");
    node.clock.advance(10ms);
    node.until_running();
    CHECK(node.images.pulls() == 2);
  }
  SECTION("never pull") {
    Json pod = test::make_pod();
    pod["spec"]["containers"][0]["imagePullPolicy"] = "Never";
    node.images.set_absent("nginx:1.13", "");
    node.start();
    node.client.put(api::kPods, pod);
    node.until([&] { return node.state() == "ErrImageNeverPull"; });
  }
  SECTION("invalid name") {
    Json pod = test::make_pod();
    pod["spec"]["containers"][0]["image"] = "A_b:";
    node.start();
    node.client.put(api::kPods, pod);
    node.until([&] { return node.state() == "InvalidImageName"; });
  }
}

TEST_CASE("a missing ConfigMap holds a container back until it appears") {
  Node node;
  node.start();
  Json pod = test::make_pod();
  pod["spec"]["containers"][0]["env"] =
      Json::array({{{"name", "LEVEL"}, {"valueFrom", {{"configMapKeyRef", {{"name", "special"}, {"key", "level"}}}}}}});
  node.client.put(api::kPods, pod);
  node.until([&] { return node.state() == "CreateContainerConfigError"; });
  CHECK(node.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["message"] ==
        "configmap \"special\" not found");

  Json map = {
      {"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "special"}, {"namespace", "default"}}}};
  SECTION("of another namespace does not count") {
    map["metadata"]["namespace"] = "other";
    map["data"]["level"] = "high";
    node.client.put(api::kConfigMaps, map);
    test::run_ready(node.context);
    CHECK(node.state() == "CreateContainerConfigError");
  }
  SECTION("first without the key") {
    map["data"]["other"] = "x";
    node.client.put(api::kConfigMaps, map);
    node.until([&] {
      return node.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["message"] ==
             "couldn't find key level in ConfigMap default/special";
    });
    node.client.modify(api::kConfigMaps, {"default", "special"},
                       [](Json& object) { object["data"]["level"] = "high"; });
    node.until_running();
    const auto& environment = node.runtime.config_of("main")->environment;
    CHECK(std::find(environment.begin(), environment.end(), std::pair<std::string, std::string>("LEVEL", "high")) !=
          environment.end());
  }
}

TEST_CASE("clients of a node talk to its containers") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  const api::NamespacedName web{"default", "web"};
  api::ExecOptions options;
  options.container = "main";
  options.command = {"echo", "hello"};

  SECTION("exec") {
    const auto start = test::run(node.context, node.agent->exec(web, options));
    REQUIRE(start);
    const auto process = test::run(node.context, (*start)());
    REQUIRE(process);
    const auto output = test::run(node.context, (*process)->next());
    REQUIRE(output);
    CHECK(output->bytes == "hello\n");
    CHECK_FALSE(test::run(node.context, (*process)->next()));
    CHECK((*process)->exit_code() == 0);
  }
  SECTION("attach") {
    const auto start = test::run(node.context, node.agent->attach(web, options));
    REQUIRE(start);
    const auto process = test::run(node.context, (*start)());
    REQUIRE(process);
    CHECK(test::run(node.context, (*process)->write("echo")));
    CHECK(test::run(node.context, (*process)->next())->bytes == "echo");
  }
  SECTION("port-forward") {
    node.runtime.set_fault([](std::string_view operation, const std::string& name) -> std::optional<Error> {
      if (operation != "connect" || name != "81") return std::nullopt;
      return Error{ErrorCode::kUnavailable, "IPv4: dial tcp4 127.0.0.1:81: connect: connection refused"};
    });
    const auto open = test::run(node.context, node.agent->port_forward(web));
    REQUIRE(open);
    const auto connection = test::run(node.context, (*open)(80));
    REQUIRE(connection);
    CHECK(test::run(node.context, (*connection)->write("bytes")));
    CHECK(test::run(node.context, (*connection)->next()).value() == "bytes");
    const auto refused = test::run(node.context, (*open)(81));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.starts_with("error forwarding port 81 to pod "));
    CHECK(refused.error().message.ends_with("IPv4: dial tcp4 127.0.0.1:81: connect: connection refused"));
  }
  SECTION("a command that cannot be started") {
    node.runtime.set_fault([](std::string_view operation, const std::string&) -> std::optional<Error> {
      if (operation != "exec") return std::nullopt;
      return Error{ErrorCode::kInvalid, "OCI runtime exec failed: why"};
    });
    const auto start = test::run(node.context, node.agent->exec(web, options));
    REQUIRE(start);
    const auto process = test::run(node.context, (*start)());
    REQUIRE_FALSE(process);
    CHECK(process.error().message.starts_with("failed to exec in container: failed to start exec \""));
    CHECK(process.error().message.ends_with("\": OCI runtime exec failed: why: unknown"));
  }
  SECTION("what is not there") {
    const api::NamespacedName none{"default", "none"};
    CHECK(test::run(node.context, node.agent->exec(none, options)).error().message == "pod does not exist");
    CHECK(test::run(node.context, node.agent->port_forward(none)).error().code() == 404);
    options.container = "other";
    for (const bool attach : {false, true}) {
      auto asking = attach ? node.agent->attach(web, options) : node.agent->exec(web, options);
      const auto start = test::run(node.context, std::move(asking));
      REQUIRE_FALSE(start);
      CHECK(start.error().message == "container not found (\"other\")");
      CHECK(start.error().code() == 500);
    }
  }
}
