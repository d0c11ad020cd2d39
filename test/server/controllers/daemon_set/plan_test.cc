#include "server/controllers/daemon_set/plan.h"

#include "api/views/meta.h"
#include "server/controllers/daemon_set/daemon_pod.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using namespace std::chrono_literals;
using api::ObjectPtr;

namespace {

using test::kNow;

Json daemon_set(const char* update = R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}})") {
  return Json{
      {"metadata",
       {{"name", "log"},
        {"namespace", "default"},
        {"uid", "ds"},
        {"generation", 2},
        {"annotations", {{"deprecated.daemonset.template.generation", "7"}}}}},
      {"spec",
       {{"updateStrategy", Json::parse(update)},
        {"template",
         {{"metadata", {{"labels", {{"app", "log"}}}}}, {"spec", {{"containers", Json::array({{{"name", "c"}}})}}}}}}}};
}

ObjectPtr node(const std::string& name, const char* patch = "{}") {
  Json object{{"metadata", {{"name", name}, {"labels", {{"disk", "ssd"}}}}}, {"spec", Json::object()}};
  object.merge_patch(Json::parse(patch));
  return std::make_shared<const Json>(std::move(object));
}

// What differs between pods in these tests.
struct DaemonShape {
  std::string name;
  std::string node;
  std::string hash = "new";
  std::string phase = "Running";
  bool ready = true;
  bool terminating = false;
  bool bound = true;
  int age_seconds = 100;
};

ObjectPtr daemon(const DaemonShape& shape) {
  Json object = daemon_pod(daemon_set(), shape.node, shape.hash);
  Json& metadata = object["metadata"];
  metadata["name"] = metadata["uid"] = shape.name;
  // The generation alone would do, too.
  metadata["labels"].erase("pod-template-generation");
  metadata["creationTimestamp"] = format_time(kNow - std::chrono::seconds(shape.age_seconds));
  if (shape.terminating) metadata["deletionTimestamp"] = format_time(kNow);
  if (shape.bound) object["spec"]["nodeName"] = shape.node;
  object["status"] = {{"phase", shape.phase},
                      {"conditions", Json::array({{{"type", "Ready"},
                                                   {"status", shape.ready ? "True" : "False"},
                                                   {"lastTransitionTime", format_time(kNow - 10s)}}})}};
  return std::make_shared<const Json>(std::move(object));
}

std::string names(const std::vector<ObjectPtr>& objects) {
  std::string text;
  for (const ObjectPtr& object : objects) text += (text.empty() ? "" : " ") + api::name_of(*object);
  return text;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& each : texts) text += (text.empty() ? "" : " ") + each;
  return text;
}

}  // namespace

TEST_CASE("A daemon belongs on the nodes that it fits and that it tolerates") {
  struct Row {
    const char* name;
    const char* spec;  // merged into the template's
    const char* node;  // merged into the node
    bool should_run, may_stay;
  };
  const Row rows[] = {
      {"a plain node", "{}", "{}", true, true},
      {"node name", R"({"nodeName":"other"})", "{}", false, false},
      {"selector", R"({"nodeSelector":{"disk":"ssd"}})", "{}", true, true},
      {"another selector", R"({"nodeSelector":{"disk":"hdd"}})", "{}", false, false},
      {"affinity",
       R"({"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":
          [{"matchExpressions":[{"key":"disk","operator":"NotIn","values":["ssd"]}]}]}}}})",
       "{}", false, false},
      {"kept away", "{}", R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})", false, true},
      {"driven out", "{}", R"({"spec":{"taints":[{"key":"a","effect":"NoExecute"}]}})", false, false},
      {"rather not", "{}", R"({"spec":{"taints":[{"key":"a","effect":"PreferNoSchedule"}]}})", true, true},
      {"tolerated", R"({"tolerations":[{"operator":"Exists"}]})",
       R"({"spec":{"taints":[{"key":"a","effect":"NoExecute"}]}})", true, true},
      {"cordoned", "{}",
       R"({"spec":{"unschedulable":true,"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]}})",
       true, true},
      {"unreachable", "{}", R"({"spec":{"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]}})",
       true, true},
      {"no network", "{}",
       R"({"spec":{"taints":[{"key":"node.kubernetes.io/network-unavailable","effect":"NoSchedule"}]}})", false, true},
      {"no network needed", R"({"hostNetwork":true})",
       R"({"spec":{"taints":[{"key":"node.kubernetes.io/network-unavailable","effect":"NoSchedule"}]}})", true, true},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json set = daemon_set();
    set["spec"]["template"]["spec"].merge_patch(Json::parse(row.spec));
    const DaemonFit fit(set);
    CHECK(fit.should_run(*node("n1", row.node)) == row.should_run);
    CHECK(fit.may_stay(*node("n1", row.node)) == row.may_stay);
  }
}

TEST_CASE("A daemon pod is tied to its node") {
  Json set = daemon_set();
  Json& spec = set["spec"]["template"]["spec"];
  spec["affinity"] = Json::parse(R"({"podAffinity":{},"nodeAffinity":{
      "preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1}],
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[]}]}}})");
  spec["tolerations"] = Json::parse(R"([{"key":"mine","operator":"Exists"},
      {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}])");
  const Json made = daemon_pod(set, "n1", "abc");
  CHECK(made["metadata"]["generateName"] == "log-");
  CHECK(made["metadata"]["labels"] ==
        Json{{"app", "log"}, {"controller-revision-hash", "abc"}, {"pod-template-generation", "7"}});
  CHECK(made["spec"]["affinity"] == Json::parse(R"({"podAffinity":{},"nodeAffinity":{
      "preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1}],
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[
          {"key":"metadata.name","operator":"In","values":["n1"]}]}]}}})"));
  CHECK(made["spec"]["tolerations"] == Json::parse(R"([{"key":"mine","operator":"Exists"},
      {"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute"},
      {"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute"},
      {"key":"node.kubernetes.io/disk-pressure","operator":"Exists","effect":"NoSchedule"},
      {"key":"node.kubernetes.io/memory-pressure","operator":"Exists","effect":"NoSchedule"},
      {"key":"node.kubernetes.io/pid-pressure","operator":"Exists","effect":"NoSchedule"},
      {"key":"node.kubernetes.io/unschedulable","operator":"Exists","effect":"NoSchedule"}])"));
  CHECK(target_node(made) == "n1");
  Json bound = made;
  bound["spec"]["nodeName"] = "n2";
  CHECK(target_node(bound) == "n2");
  CHECK(is_updated(set, made, "abc"));
  CHECK(is_updated(set, made, "other"));  // by the generation
  set["metadata"]["annotations"]["deprecated.daemonset.template.generation"] = "8";
  CHECK(!is_updated(set, made, "other"));
}

TEST_CASE("plan_daemon_set") {
  const char* surge = R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0,"maxSurge":1}})";
  const char* two = R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":2,"maxSurge":0}})";
  const char* half = R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"50%","maxSurge":0}})";
  const char* one = R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1,"maxSurge":0}})";
  struct Row {
    const char* name;
    const char* update;
    std::vector<DaemonShape> pods;
    const char* create;
    const char* remove;
  };
  // The nodes are n1, n2 and n3.
  const Row rows[] = {
      {"an empty cluster", one, {}, "n1 n2 n3", ""},
      {"all there", one, {{"a", "n1"}, {"b", "n2"}, {"c", "n3"}}, "", ""},
      {"one is missing", one, {{"a", "n1"}, {"c", "n3"}}, "n2", ""},
      {"not bound yet", one, {{.name = "a", .node = "n1", .bound = false}, {"b", "n2"}, {"c", "n3"}}, "", ""},
      {"on its way out", one, {{.name = "a", .node = "n1", .terminating = true}, {"b", "n2"}, {"c", "n3"}}, "", ""},
      {"ended and on its way out",
       one,
       {{.name = "a", .node = "n1", .phase = "Failed", .terminating = true}, {"b", "n2"}, {"c", "n3"}},
       "n1",
       ""},
      {"two on a node: the elder stays",
       one,
       {{.name = "a", .node = "n1", .age_seconds = 5},
        {.name = "z", .node = "n1", .age_seconds = 9},
        {"b", "n2"},
        {"c", "n3"}},
       "",
       "a"},
      {"two on a node: the bound one stays",
       one,
       {{.name = "a", .node = "n1", .bound = false, .age_seconds = 9},
        {.name = "z", .node = "n1", .age_seconds = 5},
        {"b", "n2"},
        {"c", "n3"}},
       "",
       "a"},
      {"failed", one, {{.name = "a", .node = "n1", .phase = "Failed"}, {"b", "n2"}, {"c", "n3"}}, "", "a"},
      {"succeeded", one, {{.name = "a", .node = "n1", .phase = "Succeeded"}, {"b", "n2"}, {"c", "n3"}}, "", "a"},
      {"made for a node that is gone",
       one,
       {{"a", "n1"}, {"b", "n2"}, {"c", "n3"}, {.name = "d", .node = "n9", .bound = false}},
       "",
       "d"},
      {"bound to a node that is gone: not our business",
       one,
       {{"a", "n1"}, {"b", "n2"}, {"c", "n3"}, {"d", "n9"}},
       "",
       ""},
      {"rolling: one at a time", one, {{"a", "n1", "old"}, {"b", "n2", "old"}, {"c", "n3", "old"}}, "", "a"},
      {"rolling: two at a time", two, {{"a", "n1", "old"}, {"b", "n2", "old"}, {"c", "n3", "old"}}, "", "a b"},
      {"rolling: half of three, rounded up",
       half,
       {{"a", "n1", "old"}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "",
       "a b"},
      {"rolling: waits for the new one",
       one,
       {{.name = "a", .node = "n1", .ready = false}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "",
       ""},
      {"rolling: waits for the old one's end",
       one,
       {{.name = "a", .node = "n1", .hash = "old", .terminating = true}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "",
       ""},
      {"rolling: what is not available goes at once, and what is must wait for it",
       one,
       {{.name = "a", .node = "n1", .hash = "old", .ready = false},
        {.name = "b", .node = "n2", .hash = "old", .ready = false},
        {"c", "n3", "old"}},
       "",
       "a b"},
      {"on delete: nothing rolls",
       R"({"type":"OnDelete"})",
       {{"a", "n1", "old"}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "",
       ""},
      {"surge: a new one beside an old one",
       surge,
       {{"a", "n1", "old"}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "n1",
       ""},
      {"surge: no further one while it grows up",
       surge,
       {{"a", "n1", "old"}, {.name = "d", .node = "n1", .ready = false}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "",
       ""},
      {"surge: the old one goes when the new one is available",
       surge,
       {{"a", "n1", "old"}, {"d", "n1"}, {"b", "n2", "old"}, {"c", "n3", "old"}},
       "",
       "a"},
      {"surge: an old one that is not available gets its successor at once",
       surge,
       {{.name = "a", .node = "n1", .hash = "old", .ready = false},
        {.name = "b", .node = "n2", .hash = "old", .ready = false},
        {"c", "n3", "old"}},
       "n1 n2 n3",
       ""},
      {"surge: an old one that broke goes for the new one",
       surge,
       {{.name = "a", .node = "n1", .hash = "old", .ready = false},
        {.name = "d", .node = "n1", .ready = false},
        {"b", "n2"},
        {"c", "n3"}},
       "",
       "a"},
      {"surge: beside one on its way out",
       surge,
       {{.name = "a", .node = "n1", .terminating = true}, {"b", "n2"}, {"c", "n3"}},
       "n1",
       ""},
  };
  const std::vector<ObjectPtr> nodes = {node("n1"), node("n2"), node("n3")};
  for (const Row& row : rows) {
    INFO(row.name);
    std::vector<ObjectPtr> pods;
    for (const DaemonShape& shape : row.pods) pods.push_back(daemon(shape));
    const DaemonPlan plan = plan_daemon_set(daemon_set(row.update), nodes, by_target_node(pods), "new", {}, kNow);
    CHECK(joined(plan.create) == row.create);
    CHECK(names(plan.remove) == row.remove);
  }
}

TEST_CASE("Daemons leave nodes that they do not belong on") {
  const std::vector<ObjectPtr> nodes = {node("n1", R"({"spec":{"taints":[{"key":"a","effect":"NoExecute"}]}})"),
                                        node("n2", R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})")};
  const DaemonPods pods = by_target_node({daemon({"a", "n1"}), daemon({"b", "n2"})});
  const DaemonPlan plan = plan_daemon_set(daemon_set(), nodes, pods, "new", {}, kNow);
  CHECK(names(plan.remove) == "a");
  CHECK(plan.create.empty());
}

TEST_CASE("A surge leaves an old daemon where no new one may come until enough others are available") {
  const Json set = daemon_set(R"({"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":0,"maxSurge":1}})");
  const std::vector<ObjectPtr> nodes = {node("n1", R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})"),
                                        node("n2")};
  const auto removed = [&](const std::vector<ObjectPtr>& pods) {
    return names(plan_daemon_set(set, nodes, by_target_node(pods), "new", {}, kNow).remove);
  };
  const ObjectPtr left = daemon({"a", "n1", "old"});
  CHECK(removed({left, daemon({.name = "b", .node = "n2", .ready = false})}).empty());
  CHECK(removed({left, daemon({"b", "n2"})}) == "a");
  CHECK(removed({daemon({.name = "a", .node = "n1", .hash = "old", .ready = false}),
                 daemon({.name = "b", .node = "n2", .ready = false})}) == "a");
}

TEST_CASE("A failed daemon is not replaced again and again without a pause") {
  FailedPodBackoff backoff;
  const std::string key = FailedPodBackoff::key("ds", "n1");
  CHECK(!backoff.wait_until(key, kNow));
  backoff.count(key, kNow);
  CHECK(backoff.wait_until(key, kNow) == kNow + 1s);
  CHECK(!backoff.wait_until(key, kNow + 1s));
  backoff.count(key, kNow + 1s);
  CHECK(backoff.wait_until(key, kNow + 1s) == kNow + 3s);

  const std::vector<ObjectPtr> nodes = {node("n1")};
  const DaemonPods pods = by_target_node({daemon({.name = "a", .node = "n1", .phase = "Failed"})});
  DaemonPlan plan = plan_daemon_set(daemon_set(), nodes, pods, "new", backoff, kNow + 2s);
  CHECK(plan.remove.empty());
  CHECK(plan.check_again_at == kNow + 3s);
  plan = plan_daemon_set(daemon_set(), nodes, pods, "new", backoff, kNow + 3s);
  CHECK(names(plan.failed) == "a");

  // A year of health later it is forgotten.
  backoff.count("other", kNow + 31min);
  backoff.count(key, kNow + 31min);
  CHECK(backoff.wait_until(key, kNow + 31min) == kNow + 31min + 1s);
}

TEST_CASE("No more than a burst at a time") {
  std::vector<ObjectPtr> nodes;
  for (int i = 0; i < 300; ++i) nodes.push_back(node("n" + std::to_string(i)));
  CHECK(plan_daemon_set(daemon_set(), nodes, {}, "new", {}, kNow).create.size() == 250);
}

TEST_CASE("daemon_set_status") {
  Json set = daemon_set();
  set["spec"]["minReadySeconds"] = 10;
  set["status"] = {{"collisionCount", 1}, {"observedGeneration", 1}};
  const std::vector<ObjectPtr> nodes = {node("n1"), node("n2"), node("n3"), node("n4"),
                                        node("n5", R"({"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]}})")};
  const DaemonPods pods = by_target_node({daemon({"a", "n1"}), daemon({"b", "n2", "old"}),
                                          daemon({.name = "c", .node = "n3", .ready = false}), daemon({"e", "n5"})});
  DaemonStatus status = daemon_set_status(set, nodes, pods, "new", true, kNow);
  CHECK(status.status == Json::parse(R"({"collisionCount":1,"observedGeneration":2,"currentNumberScheduled":3,
      "desiredNumberScheduled":4,"numberMisscheduled":1,"numberReady":2,"updatedNumberScheduled":2,
      "numberAvailable":2,"numberUnavailable":2})"));
  CHECK(!status.next_available);
  status = daemon_set_status(set, nodes, pods, "new", false, kNow - 1s);
  CHECK(status.status["observedGeneration"] == 1);
  CHECK(!status.status.contains("numberAvailable"));
  CHECK(status.next_available == kNow);
}
