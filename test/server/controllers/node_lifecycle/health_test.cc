#include "server/controllers/node_lifecycle/health.h"

#include "api/views/conditions.h"
#include "server/controllers/taint_eviction/eviction_delay.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace skiff;
using namespace skiff::controllers;

namespace {

using test::kNow;

Json node_with(const std::vector<std::pair<std::string, std::string>>& conditions) {
  Json node = {{"metadata", {{"name", "n"}, {"creationTimestamp", "2026-11-22T11:00:00Z"}}}, {"spec", Json::object()}};
  for (const auto& [type, status] : conditions) {
    api::set_condition(node, api::Condition{type, status, "r", "m"}, kNow - std::chrono::hours(1));
  }
  return node;
}

// "key:effect" of each taint.
std::vector<std::string> texts_of(const Json& taints) {
  std::vector<std::string> texts;
  for (const Json& taint : taints) texts.push_back(string_at(taint, {"key"}) + ":" + string_at(taint, {"effect"}));
  return texts;
}

}  // namespace

TEST_CASE("a silent node's conditions become Unknown") {
  Json node = node_with({{"Ready", "True"}, {"MemoryPressure", "False"}, {"NetworkUnavailable", "False"}});
  CHECK(mark_unknown(node, kNow));
  const Json& ready = *api::find_condition(node, "Ready");
  CHECK(ready["status"] == "Unknown");
  CHECK(ready["reason"] == "NodeStatusUnknown");
  CHECK(ready["message"] == "Kubelet stopped posting node status.");
  CHECK(ready["lastTransitionTime"] == "2026-11-22T12:00:00Z");
  CHECK(api::condition_status(node, "NetworkUnavailable") == "False");
  const Json& never = *api::find_condition(node, "PIDPressure");
  CHECK(never["reason"] == "NodeStatusNeverUpdated");
  CHECK(never["message"] == "Kubelet never posted node status.");
  CHECK(never["lastHeartbeatTime"] == "2026-11-22T11:00:00Z");
  const Json before = node;
  CHECK_FALSE(mark_unknown(node, kNow + std::chrono::hours(1)));
  CHECK(node == before);
}

TEST_CASE("taints follow conditions") {
  struct Row {
    const char* name;
    std::vector<std::pair<std::string, std::string>> conditions;
    bool evicts;
    std::vector<std::string> taints;
  };
  const std::string prefix = "node.kubernetes.io/";
  const std::vector<Row> rows = {
      {"ready", {{"Ready", "True"}}, true, {}},
      {"never heard of", {}, true, {}},
      {"not ready", {{"Ready", "False"}}, true, {prefix + "not-ready:NoSchedule", prefix + "not-ready:NoExecute"}},
      {"silent", {{"Ready", "Unknown"}}, true, {prefix + "unreachable:NoSchedule", prefix + "unreachable:NoExecute"}},
      {"all are silent", {{"Ready", "Unknown"}}, false, {prefix + "unreachable:NoSchedule"}},
      {"short of memory",
       {{"Ready", "True"}, {"MemoryPressure", "True"}, {"DiskPressure", "False"}},
       true,
       {prefix + "memory-pressure:NoSchedule"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(texts_of(wanted_taints(node_with(row.conditions), row.evicts, kNow)) == row.taints);
  }
}

TEST_CASE("taints of others stay, ours go when they are due no more") {
  Json node = node_with({{"Ready", "Unknown"}});
  const Json foreign = {{"key", "example.com/x"}, {"value", "1"}, {"effect", "NoExecute"}};
  node["spec"]["taints"] = Json::array({foreign});
  node["spec"]["unschedulable"] = true;
  const Json lost = wanted_taints(node, true, kNow);
  CHECK(texts_of(lost) == std::vector<std::string>{"example.com/x:NoExecute",
                                                   "node.kubernetes.io/unreachable:NoSchedule",
                                                   "node.kubernetes.io/unschedulable:NoSchedule",
                                                   "node.kubernetes.io/unreachable:NoExecute"});
  CHECK(lost[3]["timeAdded"] == "2026-11-22T12:00:00Z");
  // What stands there keeps the time at which it was added.
  node["spec"]["taints"] = lost;
  CHECK(wanted_taints(node, true, kNow + std::chrono::hours(1)) == lost);
  api::set_condition(node, api::Condition{"Ready", "True", "", ""}, kNow);
  node["spec"].erase("unschedulable");
  CHECK(wanted_taints(node, true, kNow) == Json::array({foreign}));
}

TEST_CASE("how long a pod may stay") {
  const api::Taint unreachable{"node.kubernetes.io/unreachable", "", "NoExecute"};
  const api::Taint special{"special", "x", "NoExecute"};
  const api::Toleration minutes{"node.kubernetes.io/unreachable", "Exists", "", "NoExecute", 300};
  const api::Toleration moment{"special", "Equal", "x", "NoExecute", 5};
  const api::Toleration all{"", "Exists", "", "", std::nullopt};
  struct Row {
    const char* name;
    std::vector<api::Taint> taints;
    std::vector<api::Toleration> tolerations;
    std::optional<int> seconds;
  };
  const std::vector<Row> rows = {
      {"no tolerations", {unreachable}, {}, 0},
      {"one of two is tolerated", {unreachable, special}, {minutes}, 0},
      {"the shorter counts", {unreachable, special}, {minutes, moment}, 5},
      {"for ever", {unreachable, special}, {all}, std::nullopt},
      {"the first of a taint counts", {unreachable}, {all, minutes}, std::nullopt},
      {"another value", {{"special", "y", "NoExecute"}}, {moment}, 0},
      {"a negative time is none", {special}, {{"special", "Exists", "", "", -1}}, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto delay = eviction_delay(row.taints, row.tolerations);
    CHECK(delay.has_value() == row.seconds.has_value());
    if (delay && row.seconds) CHECK(delay->count() == *row.seconds);
  }
}
