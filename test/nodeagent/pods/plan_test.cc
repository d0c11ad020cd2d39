#include "nodeagent/pods/plan.h"

#include "test/nodeagent/pods/pod_documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const TimePoint kPlanNow = *parse_time("2026-11-22T12:00:00Z");
const BackOffPolicy kPolicy;

SandboxMemory sandbox(bool ready) { return SandboxMemory{"s1", ready}; }

Json sidecar(const std::string& name) {
  Json container = test::make_container(name);
  container["restartPolicy"] = "Always";
  return container;
}

ContainerMemory in_state(ContainerState state, int exit_code = 0, const std::string& sandbox_id = "s1") {
  ContainerMemory record;
  ContainerStatus status;
  status.sandbox_id = sandbox_id;
  status.state = state;
  status.exit_code = exit_code;
  status.finished_at = kPlanNow - 1s;
  record.latest = Attempt{status, "", "", true};
  record.next_attempt = 1;
  return record;
}

PodState ready_state() {
  PodState state;
  state.volumes_ready = true;
  state.sandbox = sandbox(true);
  return state;
}

std::string name_of_action(const Action& action) {
  struct Names {
    std::string operator()(const MountVolumes&) { return "mount"; }
    std::string operator()(const MakeSandbox& made) { return "sandbox " + std::to_string(made.attempt); }
    std::string operator()(const ReplaceSandbox& replaced) { return "replace " + replaced.id; }
    std::string operator()(const StartContainer& start) {
      return "start " + start.name + " " + std::to_string(start.attempt);
    }
    std::string operator()(const DiscardContainer& discard) { return "discard " + discard.name; }
    std::string operator()(const DelayRestart& delay) {
      return "delay " + delay.name + " " + go_duration(delay.back_off);
    }
    std::string operator()(const EndContainer& end) {
      return "end " + end.name + " " + std::to_string(end.grace.count()) + ": " + end.message;
    }
    std::string operator()(const FailPod& fail) { return "fail: " + fail.failure.reason; }
    std::string operator()(const StopPod& stop) { return "stop " + std::to_string(stop.grace.count()); }
    std::string operator()(const CleanUp&) { return "clean up"; }
    std::string operator()(const ConfirmDeletion&) { return "confirm"; }
  };
  return std::visit(Names(), action);
}

std::vector<std::string> steps(const Json& pod, const PodState& state) {
  std::vector<std::string> names;
  for (const Action& action : plan(pod, state, kPlanNow, kPolicy).actions) names.push_back(name_of_action(action));
  return names;
}

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("a pod's steps") {
  struct Row {
    const char* name;
    std::function<void(Json& pod, PodState& state)> change;  // from: ready sandbox, nothing started
    Steps expected;
  };
  const Row rows[] = {
      {"volumes come first", [](Json&, PodState& s) { s = PodState(); }, {"mount"}},
      {"stale volumes are brought up to date, and everything else goes on",
       [](Json&, PodState& s) { s.volumes_stale = true; },
       {"mount", "start main 0"}},
      {"volumes that stay stale hold nothing up",
       [](Json&, PodState& s) {
         s.volumes_stale = true;
         s.volumes_retry_at = kWhenSomethingChanges;
       },
       {"start main 0"}},
      {"then the sandbox",
       [](Json&, PodState& s) {
         s.sandbox.reset();
         s.next_sandbox_attempt = 2;
       },
       {"sandbox 2"}},
      {"then the containers", [](Json&, PodState&) {}, {"start main 0"}},
      {"all of them at once",
       [](Json& p, PodState&) { p["spec"]["containers"].push_back(test::make_container("side")); },
       {"start main 0", "start side 0"}},
      {"a running pod needs nothing",
       [](Json&, PodState& s) { s.containers["main"] = in_state(ContainerState::kRunning); },
       {}},
      {"a dead sandbox is replaced",
       [](Json&, PodState& s) {
         s.sandbox = sandbox(false);
         s.containers["main"] = in_state(ContainerState::kExited, 137);
       },
       {"replace s1"}},
      {"a container that was never started is made anew",
       [](Json&, PodState& s) { s.containers["main"] = in_state(ContainerState::kCreated); },
       {"discard main"}},
      {"Always restarts success",
       [](Json&, PodState& s) { s.containers["main"] = in_state(ContainerState::kExited, 0); },
       {"start main 1"}},
      {"OnFailure restarts failure",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "OnFailure";
         s.containers["main"] = in_state(ContainerState::kExited, 1);
       },
       {"start main 1"}},
      {"OnFailure ends with success",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "OnFailure";
         s.containers["main"] = in_state(ContainerState::kExited, 0);
       },
       {"stop 30"}},
      {"Never restarts nothing",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         s.containers["main"] = in_state(ContainerState::kExited, 1);
       },
       {"stop 30"}},
      {"Never waits for the others",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         p["spec"]["containers"].push_back(test::make_container("side"));
         s.containers["main"] = in_state(ContainerState::kExited, 1);
         s.containers["side"] = in_state(ContainerState::kRunning);
       },
       {}},
      {"a pod that is over stays over",
       [](Json& p, PodState& s) {
         p["status"]["phase"] = "Failed";
         s = PodState();
       },
       {}},
      {"the first init container runs alone",
       [](Json& p, PodState&) {
         p["spec"]["initContainers"] = {test::make_container("i1"), test::make_container("i2")};
       },
       {"start i1 0"}},
      {"the second one after the first",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {test::make_container("i1"), test::make_container("i2")};
         s.containers["i1"] = in_state(ContainerState::kExited, 0);
       },
       {"start i2 0"}},
      {"nothing while an init container runs",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {test::make_container("i1")};
         s.containers["i1"] = in_state(ContainerState::kRunning);
       },
       {}},
      {"an init container that fails is repeated",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {test::make_container("i1")};
         s.containers["i1"] = in_state(ContainerState::kExited, 1);
       },
       {"start i1 1"}},
      {"an init container that fails ends a pod that never restarts",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         p["spec"]["initContainers"] = {test::make_container("i1")};
         s.containers["i1"] = in_state(ContainerState::kExited, 1);
       },
       {"stop 30"}},
      {"init containers run again in a new sandbox",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {test::make_container("i1")};
         s.containers["i1"] = in_state(ContainerState::kExited, 0, "s0");
         s.containers["main"] = in_state(ContainerState::kExited, 137, "s0");
       },
       {"start i1 1"}},
      {"init containers are done once a container of this sandbox was there",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {test::make_container("i1")};
         s.containers["main"] = in_state(ContainerState::kExited, 1);
       },
       {"start main 1"}},
      {"deletion stops what runs, with its grace period",
       [](Json& p, PodState& s) {
         p["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:05Z";
         p["metadata"]["deletionGracePeriodSeconds"] = 5;
         s.containers["main"] = in_state(ContainerState::kRunning);
       },
       {"stop 5"}},
      {"then cleans up",
       [](Json& p, PodState& s) {
         p["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:05Z";
         s.sandbox = sandbox(false);
         s.containers["main"] = in_state(ContainerState::kExited, 143);
       },
       {"clean up"}},
      {"then confirms",
       [](Json& p, PodState& s) {
         p["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:05Z";
         s.sandbox = sandbox(false);
         s.cleaned_up = true;
       },
       {"confirm"}},
      {"nobody is told of a pod that is gone",
       [](Json&, PodState& s) {
         s.sandbox = sandbox(false);
         s.gone_from_api = s.cleaned_up = true;
       },
       {}},
      {"a pod that was never started is cleaned up at once",
       [](Json& p, PodState& s) {
         p["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:05Z";
         s = PodState();
       },
       {"clean up"}},
      {"a sidecar is started like any init container",
       [](Json& p, PodState&) {
         p["spec"]["initContainers"] = {sidecar("s1"), test::make_container("i1")};
       },
       {"start s1 0"}},
      {"the next one waits until a sidecar has started",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {sidecar("s1"), test::make_container("i1")};
         s.containers["s1"] = in_state(ContainerState::kRunning);
         s.containers["s1"].health.started = false;
       },
       {}},
      {"and then does not wait for its end",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {sidecar("s1"), test::make_container("i1")};
         s.containers["s1"] = in_state(ContainerState::kRunning);
       },
       {"start i1 0"}},
      {"containers come after the last sidecar's start",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {sidecar("s1")};
         s.containers["s1"] = in_state(ContainerState::kRunning);
       },
       {"start main 0"}},
      {"a sidecar that ended is started again, whatever the pod's policy",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         p["spec"]["initContainers"] = {sidecar("s1")};
         s.containers["s1"] = in_state(ContainerState::kExited, 0);
         s.containers["main"] = in_state(ContainerState::kRunning);
       },
       {"start s1 1"}},
      {"a sidecar that failed does not fail a pod that never restarts",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         p["spec"]["initContainers"] = {sidecar("s1")};
         s.containers["s1"] = in_state(ContainerState::kExited, 1);
       },
       {"start s1 1"}},
      {"an initialized pod restarts containers without waiting for its sidecars",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {sidecar("s1")};
         s.containers["s1"] = in_state(ContainerState::kExited, 1);
         s.containers["main"] = in_state(ContainerState::kExited, 1);
       },
       {"start s1 1", "start main 1"}},
      {"sidecars do not keep a pod from completing",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         p["spec"]["initContainers"] = {sidecar("s1")};
         s.containers["s1"] = in_state(ContainerState::kRunning);
         s.containers["main"] = in_state(ContainerState::kExited, 0);
       },
       {"stop 30"}},
      {"a container that fails its liveness probe is ended",
       [](Json& p, PodState& s) {
         p["spec"]["containers"][0]["livenessProbe"] = {{"periodSeconds", 10}};
         s.containers["main"] = in_state(ContainerState::kRunning);
         s.containers["main"].health.failed = ProbeKind::kLiveness;
       },
       {"end main 30: Container main failed liveness probe, will be restarted"}},
      {"with the probe's own grace period",
       [](Json& p, PodState& s) {
         p["spec"]["containers"][0]["startupProbe"] = {{"terminationGracePeriodSeconds", 7}};
         s.containers["main"] = in_state(ContainerState::kRunning);
         s.containers["main"].health.failed = ProbeKind::kStartup;
       },
       {"end main 7: Container main failed startup probe, will be restarted"}},
      {"for good in a pod that never restarts",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         s.containers["main"] = in_state(ContainerState::kRunning);
         s.containers["main"].health.failed = ProbeKind::kLiveness;
       },
       {"end main 30: Container main failed liveness probe"}},
      {"sidecars have probes, too",
       [](Json& p, PodState& s) {
         p["spec"]["initContainers"] = {sidecar("s1")};
         s.containers["s1"] = in_state(ContainerState::kRunning);
         s.containers["s1"].health.failed = ProbeKind::kLiveness;
         s.containers["main"] = in_state(ContainerState::kRunning);
       },
       {"end s1 30: Init container s1 failed liveness probe"}},
      {"a container whose image was changed is replaced",
       [](Json&, PodState& s) {
         s.containers["main"] = in_state(ContainerState::kRunning);
         s.containers["main"].latest->status.image_reference = "nginx:1.12";
       },
       {"end main 30: Container main definition changed, will be restarted"}},
      {"what was ended to be restarted is, even if it succeeded",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "OnFailure";
         s.containers["main"] = in_state(ContainerState::kExited, 0);
         s.containers["main"].restart_due = true;
       },
       {"start main 1"}},
      {"a pod that outlives its deadline fails",
       [](Json& p, PodState& s) {
         p["spec"]["activeDeadlineSeconds"] = 60;
         p["status"]["startTime"] = format_time(kPlanNow - 60s);
         s.containers["main"] = in_state(ContainerState::kRunning);
       },
       {"fail: DeadlineExceeded"}},
      {"and is stopped",
       [](Json& p, PodState& s) {
         p["spec"]["activeDeadlineSeconds"] = 60;
         p["status"]["startTime"] = format_time(kPlanNow - 60s);
         s.containers["main"] = in_state(ContainerState::kRunning);
         s.failure = std::make_shared<PodFailure>(PodFailure{"DeadlineExceeded", ""});
       },
       {"stop 30"}},
      {"a container for debugging is started beside the others",
       [](Json& p, PodState& s) {
         p["spec"]["ephemeralContainers"] = {test::make_container("look")};
         s.containers["main"] = in_state(ContainerState::kExited, 1);
       },
       {"start look 0", "start main 1"}},
      {"and never again",
       [](Json& p, PodState& s) {
         p["spec"]["ephemeralContainers"] = {test::make_container("look")};
         s.containers["main"] = in_state(ContainerState::kRunning);
         s.containers["look"] = in_state(ContainerState::kExited, 1);
       },
       {}},
      {"nor does it keep a pod from completing",
       [](Json& p, PodState& s) {
         p["spec"]["restartPolicy"] = "Never";
         p["spec"]["ephemeralContainers"] = {test::make_container("look")};
         s.containers["main"] = in_state(ContainerState::kExited, 0);
         s.containers["look"] = in_state(ContainerState::kRunning);
       },
       {"stop 30"}},
      {"a refused pod runs nothing",
       [](Json&, PodState& s) {
         s.failure = std::make_shared<PodFailure>(PodFailure{"Evicted", "no room"});
       },
       {"stop 30"}},
  };
  for (const Row& row : rows) {
    Json pod = test::make_pod();
    PodState state = ready_state();
    row.change(pod, state);
    INFO(row.name);
    CHECK(steps(pod, state) == row.expected);
  }
}

TEST_CASE("what must wait wakes in time") {
  Json pod = test::make_pod();
  PodState state = ready_state();

  SECTION("a sandbox that failed") {
    state.sandbox.reset();
    state.sandbox_retry_at = kPlanNow + 10s;
    const Plan next = plan(pod, state, kPlanNow, kPolicy);
    CHECK(next.actions.empty());
    CHECK(next.wake_at == kPlanNow + 10s);
  }
  SECTION("a container whose image could not be pulled") {
    state.containers["main"].retry_at = kPlanNow + 5s;
    const Plan next = plan(pod, state, kPlanNow, kPolicy);
    CHECK(next.actions.empty());
    CHECK(next.wake_at == kPlanNow + 5s);
    CHECK(plan(pod, state, kPlanNow + 5s, kPolicy).actions.size() == 1);
  }
  SECTION("a pod with a deadline") {
    pod["spec"]["activeDeadlineSeconds"] = 60;
    pod["status"]["startTime"] = format_time(kPlanNow - 20s);
    state.containers["main"] = in_state(ContainerState::kRunning);
    const Plan next = plan(pod, state, kPlanNow, kPolicy);
    CHECK(next.actions.empty());
    CHECK(next.wake_at == kPlanNow + 40s);
  }
  SECTION("what only a change can mend wakes nobody") {
    state.containers["main"].retry_at = kWhenSomethingChanges;
    const Plan next = plan(pod, state, kPlanNow, kPolicy);
    CHECK(next.actions.empty());
    CHECK_FALSE(next.wake_at.has_value());
  }
  SECTION("a container that crashed twice") {
    ContainerMemory& record = state.containers["main"];
    record = in_state(ContainerState::kExited, 1);
    record.restart_back_off.advance(kPlanNow - 5s, kPlanNow - 5s, kPolicy);
    const Plan next = plan(pod, state, kPlanNow, kPolicy);
    REQUIRE(next.actions.size() == 1);
    CHECK(name_of_action(next.actions[0]) == "delay main 10s");
    CHECK(next.wake_at == kPlanNow + 9s);  // it ended a second ago

    record.waiting = Waiting{"CrashLoopBackOff", ""};
    CHECK(plan(pod, state, kPlanNow, kPolicy).actions.empty());
    CHECK(steps(pod, state).empty());
    CHECK(name_of_action(plan(pod, state, kPlanNow + 9s, kPolicy).actions.at(0)) == "start main 1");
  }
}

TEST_CASE("back-off doubles to its maximum and is forgotten") {
  BackOff back_off;
  TimePoint failed_at = kPlanNow;
  CHECK_FALSE(back_off.blocks(failed_at, failed_at, kPolicy));
  for (const auto expected : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    back_off.advance(failed_at, failed_at, kPolicy);
    CHECK(back_off.wait() == expected);
    CHECK(back_off.blocks(failed_at, failed_at + expected - 1s, kPolicy));
    CHECK_FALSE(back_off.blocks(failed_at, failed_at + expected, kPolicy));
    failed_at += expected;
  }
  const TimePoint much_later = failed_at + 11min;
  CHECK_FALSE(back_off.blocks(much_later, much_later, kPolicy));
  back_off.advance(much_later, much_later, kPolicy);
  CHECK(back_off.wait() == 10s);
}

TEST_CASE("durations as Go prints them") {
  CHECK(go_duration(0ms) == "0s");
  CHECK(go_duration(10s) == "10s");
  CHECK(go_duration(80s) == "1m20s");
  CHECK(go_duration(5min) == "5m0s");
  CHECK(go_duration(1h) == "1h0m0s");
  CHECK(go_duration(250ms) == "250ms");
  CHECK(go_duration(1500ms) == "1.5s");
}
