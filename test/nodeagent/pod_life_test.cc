// What the agent makes of probes, hooks, sidecars, deadlines and gates: whole pods on a simulated node.
#include "test/nodeagent/simulated_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;
using test::Node;

namespace {

Json exec(const std::string& command) { return {{"exec", {{"command", {command}}}}}; }

Json probe(const std::string& command, int period, int failures) {
  Json made = exec(command);
  made["periodSeconds"] = period;
  made["failureThreshold"] = failures;
  return made;
}

Json& container_of(Json& pod) { return pod["spec"]["containers"][0]; }

void begin_deletion(Node& node) {
  node.client.modify(api::kPods, {"default", "web"}, [](Json& pod) {
    pod["metadata"]["finalizers"] = Json::array({"example.com/hold"});  // the fake API has no grace periods
    pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
    pod["metadata"]["deletionGracePeriodSeconds"] = 30;
  });
}

void until_event(Node& node, const std::string& text) {
  node.until([&] { return node.event_messages().contains(text); });
}

}  // namespace

TEST_CASE("a readiness probe decides who is ready") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["readinessProbe"] = probe("ready?", 10, 2);
  container_of(pod)["readinessProbe"]["initialDelaySeconds"] = 5;
  node.checks.pass("ready?");
  node.client.put(api::kPods, pod);
  node.until_running();
  CHECK_FALSE(node.is_ready());
  node.advance(4s);
  CHECK(node.checks.count("ready?") == 0);
  node.advance(1s);
  node.until([&] { return node.is_ready(); });
  CHECK(node.checks.count("ready?") == 1);

  node.checks.fail("ready?", "no");
  node.advance(10s);
  until_event(node, "Unhealthy: Readiness probe failed: no");
  CHECK(node.is_ready());
  node.advance(10s);
  node.until([&] { return !node.is_ready(); });
  CHECK((*test::condition_of(node.pod()["status"], "Ready"))["message"] == "containers with unready status: [main]");
  CHECK(node.runtime.find_container("main")->attempt == 0);

  SECTION("and what it said outlives the agent") {
    node.checks.pass("ready?");
    node.advance(10s);
    node.until([&] { return node.is_ready(); });
    node.stop();
    const std::size_t writes = node.client.count_requests("update pods/status");
    node.start();
    node.until([&] { return node.agent->pods() == 1; });
    test::run_ready(node.context);
    CHECK(node.client.count_requests("update pods/status") == writes);
  }
}

TEST_CASE("a container that fails its liveness probe is started again") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["livenessProbe"] = probe("alive?", 10, 2);
  node.checks.fail("alive?", "hung");
  node.client.put(api::kPods, pod);
  node.until_running();
  until_event(node, "Unhealthy: Liveness probe failed: hung");
  CHECK(node.is_ready());
  node.advance(10s);
  until_event(node, "Killing: Container main failed liveness probe, will be restarted");
  node.until([&] { return node.pod()["status"]["containerStatuses"][0]["restartCount"] == 1; });
  CHECK(node.state() == "running");
  CHECK(node.pod()["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 143);

  SECTION("and has as many chances as the first time") {
    const int before = node.checks.count("alive?");
    node.until([&] { return node.checks.count("alive?") >= before; });
    test::run_ready(node.context);
    CHECK(node.runtime.find_container("main")->attempt == 1);
  }
}

TEST_CASE("the startup probe comes first") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["startupProbe"] = probe("up?", 10, 3);
  container_of(pod)["livenessProbe"] = probe("alive?", 10, 1);
  node.checks.fail("up?", "not yet");
  node.checks.pass("alive?");
  node.client.put(api::kPods, pod);
  node.until_running();
  until_event(node, "Unhealthy: Startup probe failed: not yet");
  CHECK(node.pod()["status"]["containerStatuses"][0]["started"] == false);
  CHECK_FALSE(node.is_ready());
  CHECK(node.checks.count("alive?") == 0);

  SECTION("and makes room for the others") {
    node.checks.pass("up?");
    node.advance(10s);
    node.until([&] { return node.is_ready() && node.checks.count("alive?") == 1; });
    CHECK(node.pod()["status"]["containerStatuses"][0]["started"] == true);
    const int asked = node.checks.count("up?");
    node.advance(10s);
    node.until([&] { return node.checks.count("alive?") == 2; });
    CHECK(node.checks.count("up?") == asked);
  }
  SECTION("or ends the container") {
    node.advance(10s);
    node.until([&] { return node.checks.count("up?") == 2; });
    node.advance(10s);
    until_event(node, "Killing: Container main failed startup probe, will be restarted");
    node.until([&] { return node.runtime.find_container("main")->attempt == 1; });
  }
}

TEST_CASE("a probe that hangs keeps no other waiting") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["livenessProbe"] = probe("hangs", 10, 3);
  container_of(pod)["readinessProbe"] = probe("ready?", 10, 3);
  node.checks.pass("ready?");
  node.client.put(api::kPods, pod);
  node.until_running();
  node.until([&] { return node.is_ready(); });
  node.advance(10s);
  node.until([&] { return node.checks.count("ready?") == 2; });
  CHECK(node.checks.count("hangs") == 1);
}

TEST_CASE("postStart runs before a container counts as running") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["lifecycle"] = {{"postStart", exec("hello")}};
  node.client.put(api::kPods, pod);
  node.until([&] { return node.checks.count("hello") == 1; });
  test::run_ready(node.context);
  CHECK(node.phase() == "Pending");

  SECTION("it does what it should") {
    node.checks.pass("hello");
    node.until_running();
  }
  SECTION("it fails") {
    node.checks.fail("hello", "oh \"no\"");
    until_event(node, "FailedPostStartHook: PostStartHook failed");
    until_event(node, "Killing: FailedPostStartHook");
    node.until([&] { return node.state() == "CrashLoopBackOff" || node.state() == "PostStartHookError"; });
    CHECK(node.runtime.find_container("main")->state == ContainerState::kExited);
  }
  SECTION("it is still at it when the pod is deleted") {
    begin_deletion(node);
    node.until([&] { return node.phase() == "Failed"; });
    CHECK(node.runtime.snapshot().sandboxes.empty());
  }
}

TEST_CASE("a postStart hook that fails says how") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["lifecycle"] = {{"postStart", exec("hello")}};
  node.checks.fail("hello", "no");
  // The next run waits for its image, so that the reason stays in view.
  node.client.put(api::kPods, pod);
  node.until([&] {
    const Json seen = node.pod()["status"]["containerStatuses"];
    return seen.is_array() && string_at(seen[0], {"state", "waiting", "reason"}) == "PostStartHookError";
  });
  CHECK(node.pod()["status"]["containerStatuses"][0]["state"]["waiting"]["message"] ==
        "Exec lifecycle hook ([hello]) for Container \"main\" in Pod \"web_default(" +
            string_at(node.pod(), {"metadata", "uid"}) +
            ")\" failed - error: command 'hello' exited with 1: no, message: \"no\"");
}

TEST_CASE("preStop runs before a container is asked to end") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["lifecycle"] = {{"preStop", exec("bye")}};
  node.client.put(api::kPods, pod);
  node.until_running();
  begin_deletion(node);
  node.until([&] { return node.checks.count("bye") == 1; });
  test::run_ready(node.context);
  CHECK(node.runtime.find_container("main")->state == ContainerState::kRunning);

  SECTION("it does what it should") {
    node.checks.pass("bye");
    node.until([&] { return node.phase() == "Failed"; });
    CHECK_FALSE(node.event_messages().contains("FailedPreStopHook: PreStopHook failed"));
  }
  SECTION("it fails, which keeps nobody alive") {
    node.checks.fail("bye", "no");
    until_event(node, "FailedPreStopHook: PreStopHook failed");
    node.until([&] { return node.phase() == "Failed"; });
  }
  SECTION("it takes longer than the pod is given in the end") {
    node.client.modify(api::kPods, {"default", "web"},
                       [](Json& changed) { changed["metadata"]["deletionGracePeriodSeconds"] = 0; });
    node.until([&] { return node.phase() == "Failed"; });
    CHECK(node.checks.count("bye") == 1);
  }
  SECTION("the container does not wait for it") {
    node.runtime.exit_container(node.runtime.find_container("main")->id, 0);
    node.until([&] { return node.phase() == "Succeeded"; });
  }
  SECTION("it is left alone when the agent stops") {
    node.stop();
    CHECK(node.runtime.find_container("main")->state == ContainerState::kRunning);
  }
}

TEST_CASE("sidecars end after the containers, the last one first") {
  Node node;
  node.use_checks();
  node.start();
  Json pod = test::make_pod();
  container_of(pod)["lifecycle"] = {{"preStop", exec("main")}};
  for (const char* name : {"s1", "s2"}) {
    Json sidecar = test::make_container(name);
    sidecar["restartPolicy"] = "Always";
    pod["spec"]["initContainers"].push_back(sidecar);
  }
  pod["spec"]["initContainers"][1]["lifecycle"] = {{"preStop", exec("s2")}};
  node.client.put(api::kPods, pod);
  node.until_running();
  const auto runs = [&](const char* name) {
    return node.runtime.find_container(name)->state == ContainerState::kRunning;
  };
  begin_deletion(node);
  node.until([&] { return node.checks.count("main") == 1 && node.checks.count("s2") == 1; });
  node.checks.pass("s2");
  test::run_ready(node.context);
  CHECK((runs("main") && runs("s2") && runs("s1")));
  node.checks.pass("main");
  node.until([&] { return node.phase() == "Failed"; });
}

TEST_CASE("a deleted pod says how it ended before it goes") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  node.client.modify(api::kPods, {"default", "web"}, [](Json& pod) {
    pod["metadata"]["finalizers"] = Json::array({"example.com/hold"});
    pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
    pod["metadata"]["deletionGracePeriodSeconds"] = 30;
  });
  node.until([&] { return node.client.count_requests("delete pods default/web") == 1; });
  CHECK(node.phase() == "Failed");
  CHECK((*test::condition_of(node.pod()["status"], "Ready"))["reason"] == "PodFailed");
}

TEST_CASE("a pod that outlives its deadline fails") {
  Node node;
  node.start();
  Json pod = test::make_pod();
  pod["spec"]["activeDeadlineSeconds"] = 60;
  node.client.put(api::kPods, pod);
  node.until_running();
  node.clock.advance(60s);
  node.client.modify(api::kPods, {"default", "web"}, [](Json& changed) { changed["metadata"]["labels"]["a"] = "b"; });
  node.until([&] { return node.phase() == "Failed"; });
  const Json status = node.pod()["status"];
  CHECK(status["reason"] == "DeadlineExceeded");
  CHECK(status["message"] == "Pod was active on the node longer than the specified deadline");
  CHECK(node.state() == "terminated");
  node.until([&] {
    return node.event_messages().contains(
        "DeadlineExceeded: Pod was active on the node longer than the specified deadline");
  });
}

TEST_CASE("sidecars run beside a job and end after it") {
  Node node;
  node.start();
  Json pod = test::make_pod();
  pod["spec"]["restartPolicy"] = "Never";
  pod["spec"]["initContainers"] = Json::array({test::make_container("side")});
  pod["spec"]["initContainers"][0]["restartPolicy"] = "Always";
  node.client.put(api::kPods, pod);
  node.until_running();
  const auto side = [&] { return node.pod()["status"]["initContainerStatuses"][0]; };
  CHECK(side()["ready"] == true);

  node.runtime.exit_container(node.runtime.find_container("side")->id, 1);
  node.until([&] { return side()["restartCount"] == 1 && side()["state"].contains("running"); });
  CHECK(node.phase() == "Running");
  node.runtime.exit_container(node.runtime.find_container("main")->id, 0);
  node.until([&] { return node.phase() == "Succeeded"; });
  CHECK(side()["state"]["terminated"]["exitCode"] == 143);
}

TEST_CASE("a container for debugging sees the processes of the one that it names") {
  Node node;
  node.start();
  node.client.put(api::kPods, test::make_pod());
  node.until_running();
  node.client.modify(api::kPods, {"default", "web"}, [](Json& pod) {
    pod["spec"]["ephemeralContainers"] =
        Json::array({test::make_container("look"), test::make_container("alone"), test::make_container("lost")});
    pod["spec"]["ephemeralContainers"][0]["targetContainerName"] = "main";
    pod["spec"]["ephemeralContainers"][2]["targetContainerName"] = "gone";
  });
  node.until([&] { return node.runtime.find_container("look") && node.runtime.find_container("alone"); });
  CHECK(node.runtime.config_of("look")->target_container_id == node.runtime.find_container("main")->id);
  CHECK(node.runtime.config_of("alone")->target_container_id.empty());
  const auto lost = [&] { return node.pod()["status"]["ephemeralContainerStatuses"][2]["state"]; };
  node.until([&] { return lost().contains("waiting") && lost()["waiting"].contains("message"); });
  CHECK(lost()["waiting"]["reason"] == "CreateContainerConfigError");
  CHECK(lost()["waiting"]["message"] == "unable to find target container gone");
  CHECK(node.runtime.find_container("lost") == nullptr);
}

TEST_CASE("a readiness gate opens when somebody says so") {
  Node node;
  node.start();
  Json pod = test::make_pod();
  pod["spec"]["readinessGates"] = Json::array({{{"conditionType", "example.com/lb"}}});
  node.client.put(api::kPods, pod);
  node.until_running();
  const auto ready = [&] { return string_at(*test::condition_of(node.pod()["status"], "Ready"), {"status"}); };
  CHECK(ready() == "False");
  node.client.modify(api::kPods, {"default", "web"}, [](Json& changed) {
    changed["status"]["conditions"].push_back({{"type", "example.com/lb"}, {"status", "True"}});
  });
  node.until([&] { return ready() == "True"; });
}
