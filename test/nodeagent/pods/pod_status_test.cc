#include "nodeagent/pods/pod_status.h"

#include "nodeagent/same_document.h"
#include "test/nodeagent/pods/pod_documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const TimePoint kStatusNow = *parse_time("2026-11-22T12:00:00Z");
const NodeFacts kStatusNode{"192.168.7.1", "skiff"};

ContainerMemory running(std::uint32_t attempt = 0) {
  ContainerMemory record;
  ContainerStatus status;
  status.id = "c" + std::to_string(attempt);
  status.attempt = attempt;
  status.state = ContainerState::kRunning;
  status.started_at = kStatusNow - 60s;
  status.image_reference = "docker.io/library/nginx:1.13";
  status.image_id = "sha256:abc";
  record.latest = Attempt{status, "", "", false};
  return record;
}

ContainerMemory exited(int code, const std::string& reason, std::uint32_t attempt = 0) {
  ContainerMemory record = running(attempt);
  record.latest->status.state = ContainerState::kExited;
  record.latest->status.exit_code = code;
  record.latest->status.finished_at = kStatusNow - 5s;
  record.latest->exit_reason = reason;
  record.latest->settled = true;
  return record;
}

PodState with_sandbox() {
  PodState state;
  state.sandbox = SandboxMemory();
  state.sandbox->ready = true;
  state.ip = "10.1.0.7";
  return state;
}

}  // namespace

TEST_CASE("phase and readiness") {
  struct Row {
    const char* name;
    const char* restart_policy;
    std::map<std::string, ContainerMemory> containers;  // of "main", "side" and the init container "init"
    const char* phase;
    const char* ready_reason;
    const char* ready_message;
  };
  const ContainerMemory none;
  ContainerMemory crashing = exited(1, "Error");
  crashing.waiting = Waiting{"CrashLoopBackOff", "back-off 10s"};
  ContainerMemory pulling;
  pulling.waiting = Waiting{"ErrImagePull", "no such host"};
  const ContainerMemory initialized = exited(0, "Completed");

  const Row rows[] = {
      {"nothing started",
       "Always",
       {{"init", none}},
       "Pending",
       "ContainersNotReady",
       "containers with unready status: [main side]"},
      {"init runs",
       "Always",
       {{"init", running()}},
       "Pending",
       "ContainersNotReady",
       "containers with unready status: [main side]"},
      {"one of two started",
       "Always",
       {{"init", initialized}, {"main", running()}},
       "Pending",
       "ContainersNotReady",
       "containers with unready status: [side]"},
      {"one pulls",
       "Always",
       {{"init", initialized}, {"main", running()}, {"side", pulling}},
       "Pending",
       "ContainersNotReady",
       "containers with unready status: [side]"},
      {"both run", "Always", {{"init", initialized}, {"main", running()}, {"side", running()}}, "Running", "", ""},
      {"one crashes",
       "Always",
       {{"init", initialized}, {"main", running()}, {"side", crashing}},
       "Running",
       "ContainersNotReady",
       "containers with unready status: [side]"},
      {"both crash",
       "Always",
       {{"init", initialized}, {"main", crashing}, {"side", crashing}},
       "Running",
       "ContainersNotReady",
       "containers with unready status: [main side]"},
      {"both ended, restarted later",
       "OnFailure",
       {{"init", initialized}, {"main", exited(1, "Error")}, {"side", exited(0, "Completed")}},
       "Running",
       "ContainersNotReady",
       "containers with unready status: [main side]"},
      {"both succeeded",
       "OnFailure",
       {{"init", initialized}, {"main", exited(0, "Completed")}, {"side", exited(0, "Completed")}},
       "Succeeded",
       "PodCompleted",
       ""},
      {"one failed for good",
       "Never",
       {{"init", initialized}, {"main", exited(2, "Error")}, {"side", exited(0, "Completed")}},
       "Failed",
       "PodFailed",
       ""},
      {"one runs on",
       "Never",
       {{"init", initialized}, {"main", exited(2, "Error")}, {"side", running()}},
       "Running",
       "ContainersNotReady",
       "containers with unready status: [main]"},
      {"init failed for good", "Never", {{"init", exited(1, "Error")}}, "Failed", "PodFailed", ""},
      {"init failed, again later",
       "OnFailure",
       {{"init", crashing}},
       "Pending",
       "ContainersNotReady",
       "containers with unready status: [main side]"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["spec"]["restartPolicy"] = row.restart_policy;
    pod["spec"]["containers"].push_back(test::make_container("side"));
    pod["spec"]["initContainers"] = Json::array({test::make_container("init")});
    PodState state = with_sandbox();
    state.containers = row.containers;
    const Json status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK(status["phase"] == row.phase);
    const Json* ready = test::condition_of(status, "Ready");
    REQUIRE(ready != nullptr);
    CHECK((*ready)["status"] == (std::string(row.ready_reason).empty() ? "True" : "False"));
    CHECK(string_at(*ready, {"reason"}) == row.ready_reason);
    CHECK(string_at(*ready, {"message"}) == row.ready_message);
  }
}

TEST_CASE("what a container's status says") {
  Json pod = test::make_pod();
  PodState state = with_sandbox();
  const auto container = [&] { return make_status(pod, state, kStatusNode, kStatusNow)["containerStatuses"][0]; };

  SECTION("being made") {
    CHECK(container()["state"] == Json({{"waiting", {{"reason", "ContainerCreating"}}}}));
    CHECK(container()["image"] == "nginx:1.13");
    CHECK(container()["restartCount"] == 0);
    CHECK_FALSE(container().contains("containerID"));
  }
  SECTION("running") {
    state.containers["main"] = running();
    CHECK(container()["state"] == Json({{"running", {{"startedAt", "2026-11-22T11:59:00Z"}}}}));
    CHECK(container()["containerID"] == "skiff://c0");
    CHECK(container()["image"] == "docker.io/library/nginx:1.13");
    CHECK(container()["imageID"] == "sha256:abc");
    CHECK(container()["ready"] == true);
    CHECK(container()["started"] == true);
  }
  SECTION("running again") {
    state.containers["main"] = running(1);
    state.containers["main"].previous = std::make_shared<Attempt>(*exited(137, "OOMKilled").latest);
    CHECK(container()["restartCount"] == 1);
    CHECK(container()["lastState"]["terminated"]["reason"] == "OOMKilled");
    CHECK(container()["lastState"]["terminated"]["containerID"] == "skiff://c0");
  }
  SECTION("waiting to be restarted") {
    state.containers["main"] = exited(1, "Error");
    state.containers["main"].latest->exit_message = "out of cheese";
    state.containers["main"].waiting = Waiting{"CrashLoopBackOff", "back-off 10s"};
    CHECK(container()["state"]["waiting"]["reason"] == "CrashLoopBackOff");
    CHECK(container()["lastState"]["terminated"]["message"] == "out of cheese");
    CHECK(container()["ready"] == false);
  }
  SECTION("lost by a restart of the agent and of the machine") {
    pod["status"]["containerStatuses"] =
        Json::array({{{"name", "main"},
                      {"restartCount", 4},
                      {"state", {{"terminated", {{"exitCode", 9}, {"containerID", "skiff://x"}}}}}}});
    CHECK(container()["restartCount"] == 4);
    CHECK(container()["lastState"]["terminated"]["exitCode"] == 9);
  }
}

TEST_CASE("conditions") {
  Json pod = test::make_pod();
  PodState state = with_sandbox();
  state.containers["main"] = running();
  const Json first = make_status(pod, state, kStatusNode, kStatusNow);
  std::vector<std::string> types;
  for (const Json& condition : first["conditions"]) types.push_back(condition["type"]);
  CHECK(types == std::vector<std::string>{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady",
                                          "PodScheduled"});

  SECTION("times move only with the status") {
    pod["status"] = first;
    state.containers["main"] = exited(1, "Error");
    const Json second = make_status(pod, state, kStatusNode, kStatusNow + 60s);
    CHECK((*test::condition_of(second, "Ready"))["lastTransitionTime"] == "2026-11-22T12:01:00Z");
    CHECK((*test::condition_of(second, "Initialized"))["lastTransitionTime"] == "2026-11-22T12:00:00Z");
    CHECK(second["startTime"] == first["startTime"]);
  }
  SECTION("a readiness gate holds Ready back, and its condition survives") {
    pod["spec"]["readinessGates"] = Json::array({{{"conditionType", "example.com/lb"}}});
    Json status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK((*test::condition_of(status, "Ready"))["reason"] == "ReadinessGatesNotReady");
    CHECK((*test::condition_of(status, "Ready"))["message"] ==
          "corresponding condition of pod readiness gate \"example.com/lb\" does not exist.");
    CHECK((*test::condition_of(status, "ContainersReady"))["status"] == "True");
    pod["status"]["conditions"] = Json::array({{{"type", "example.com/lb"}, {"status", "True"}}});
    status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK((*test::condition_of(status, "Ready"))["status"] == "True");
    CHECK(test::condition_of(status, "example.com/lb") != nullptr);
  }
  SECTION("a failed pod says why once its containers have ended") {
    pod["status"]["phase"] = "Running";
    state.failure = std::make_shared<PodFailure>(PodFailure{"Evicted", "The node was low on resource: memory."});
    Json status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK(status["phase"] == "Running");
    CHECK_FALSE(status.contains("reason"));
    CHECK((*test::condition_of(status, "Ready"))["reason"] == "PodFailed");
    state.containers["main"] = exited(143, "Error");
    status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK(status["phase"] == "Failed");
    CHECK(status["reason"] == "Evicted");
    CHECK(status["message"] == "The node was low on resource: memory.");
  }
}

TEST_CASE("sidecars in the phase and in the conditions") {
  struct Row {
    const char* name;
    const char* restart_policy;
    std::map<std::string, ContainerMemory> containers;  // of "main" and the sidecar "side"
    const char* phase;
    const char* initialized;  // the condition's message; "" is True
    const char* ready;
  };
  ContainerMemory starting = running();
  starting.health.started = false;
  ContainerMemory unready = running();
  unready.health.ready = false;
  ContainerMemory crashing = exited(1, "Error");
  crashing.waiting = Waiting{"CrashLoopBackOff", "back-off 10s"};
  const Row rows[] = {
      {"nothing runs",
       "Always",
       {},
       "Pending",
       "containers with incomplete status: [side]",
       "containers with unready status: [side main]"},
      {"the sidecar starts",
       "Always",
       {{"side", starting}},
       "Pending",
       "containers with incomplete status: [side]",
       "containers with unready status: [side main]"},
      {"the sidecar has started",
       "Always",
       {{"side", running()}},
       "Pending",
       "",
       "containers with unready status: [main]"},
      {"both run", "Always", {{"side", running()}, {"main", running()}}, "Running", "", ""},
      {"the sidecar starts again",
       "Always",
       {{"side", starting}, {"main", running()}},
       "Running",
       "",
       "containers with unready status: [side]"},
      {"the sidecar is unready",
       "Always",
       {{"side", unready}, {"main", running()}},
       "Running",
       "",
       "containers with unready status: [side]"},
      {"the sidecar crashes",
       "Never",
       {{"side", crashing}, {"main", running()}},
       "Running",
       "",
       "containers with unready status: [side]"},
      {"the sidecar outlives the container",
       "Never",
       {{"side", running()}, {"main", exited(0, "Completed")}},
       "Running",
       "",
       "containers with unready status: [main]"},
      {"a sidecar's exit code does not count",
       "Never",
       {{"side", exited(137, "Error")}, {"main", exited(0, "Completed")}},
       "Succeeded",
       "",
       ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["spec"]["restartPolicy"] = row.restart_policy;
    pod["spec"]["initContainers"] = Json::array({test::make_container("side")});
    pod["spec"]["initContainers"][0]["restartPolicy"] = "Always";
    PodState state = with_sandbox();
    state.containers = row.containers;
    const Json status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK(status["phase"] == row.phase);
    CHECK(string_at(*test::condition_of(status, "Initialized"), {"message"}) == row.initialized);
    CHECK(string_at(*test::condition_of(status, "Ready"), {"message"}) == row.ready);
  }
}

TEST_CASE("a deleted pod ends with a phase that says how") {
  struct Row {
    const char* name;
    std::map<std::string, ContainerMemory> containers;
    const char* phase;
    const char* state;  // of the container, or the reason why it waits
  };
  ContainerMemory crashing = exited(1, "Error");
  crashing.waiting = Waiting{"CrashLoopBackOff", "back-off 10s"};
  const Row rows[] = {
      {"it still runs", {{"main", running()}}, "Running", "running"},
      {"it ended as asked", {{"main", exited(0, "Completed")}}, "Succeeded", "Completed"},
      {"it was killed", {{"main", exited(137, "Error")}}, "Failed", "Error"},
      {"it was between two runs", {{"main", crashing}}, "Failed", "Error"},
      {"it never ran", {}, "Failed", "ContainerStatusUnknown"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z";
    pod["status"]["phase"] = "Running";
    PodState state;
    state.containers = row.containers;
    const Json status = make_status(pod, state, kStatusNode, kStatusNow);
    CHECK(status["phase"] == row.phase);
    const Json& container = status["containerStatuses"][0]["state"];
    CHECK((container.contains("running") ? "running" : string_at(container, {"terminated", "reason"})) == row.state);
  }
}

TEST_CASE("containers for debugging have statuses of their own") {
  Json pod = test::make_pod();
  pod["spec"]["ephemeralContainers"] = Json::array({test::make_container("look")});
  PodState state = with_sandbox();
  state.containers["main"] = running();
  Json status = make_status(pod, state, kStatusNode, kStatusNow);
  CHECK(status["ephemeralContainerStatuses"][0]["state"]["waiting"]["reason"] == "ContainerCreating");
  CHECK(status["phase"] == "Running");
  state.containers["look"] = running();
  status = make_status(pod, state, kStatusNode, kStatusNow);
  CHECK(status["ephemeralContainerStatuses"][0]["state"].contains("running"));
  CHECK(status["ephemeralContainerStatuses"][0]["ready"] == false);
  CHECK_FALSE(status["ephemeralContainerStatuses"][0].contains("started"));
  CHECK((*test::condition_of(status, "Ready"))["status"] == "True");
}

TEST_CASE("addresses") {
  Json pod = test::make_pod();
  PodState state = with_sandbox();
  CHECK(make_status(pod, state, kStatusNode, kStatusNow)["podIPs"] == Json::array({{{"ip", "10.1.0.7"}}}));
  pod["spec"]["hostNetwork"] = true;
  CHECK(make_status(pod, state, kStatusNode, kStatusNow)["podIP"] == "192.168.7.1");
}

TEST_CASE("documents that say the same") {
  struct Row {
    const char *a, *b;
    bool same;
  };
  const Row rows[] = {
      {R"({"a":1})", R"({"a":1})", true},
      {R"({"a":1})", R"({"a":2})", false},
      {R"({"a":1,"b":{}})", R"({"a":1})", true},
      {R"({"a":1})", R"({"a":1,"b":null,"c":"","d":[]})", true},
      {R"({"a":{"b":{}}})", R"({})", true},
      {R"({"a":false})", R"({})", false},
      {R"({"a":0})", R"({})", false},
      {R"([{"a":1,"b":{}}])", R"([{"a":1}])", true},
      {R"([1])", R"([1,2])", false},
  };
  for (const Row& row : rows) {
    INFO(row.a << " and " << row.b);
    CHECK(same_document(Json::parse(row.a), Json::parse(row.b)) == row.same);
    CHECK(same_document(Json::parse(row.b), Json::parse(row.a)) == row.same);
  }
}
