#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

const TimePoint kNow = *parse_time("2026-11-22T10:00:00Z");

// The cells of a row, as kubectl prints them, with " | " in between.
std::string row(const api::ResourceType& resource, const char* object) {
  static const server::KindTable kinds(server::builtin_kinds(catalog()));
  const server::TableSpec& table = kinds.find(resource).kind->table;
  const std::vector<Json> cells = table.row(Json::parse(object), kNow);
  REQUIRE(cells.size() == table.columns.size());
  std::string text;
  for (const Json& cell : cells) {
    text += (cell.is_string() ? cell.get<std::string>() : cell.dump()) + " | ";
  }
  return text.substr(0, text.size() - 3);
}

}  // namespace

TEST_CASE("every kind has a table whose first visible columns kubectl users know") {
  const server::KindTable kinds(server::builtin_kinds(catalog()));
  for (const server::Kind& kind : kinds.all()) {
    INFO(kind.kind);
    REQUIRE_FALSE(kind.table.columns.empty());
    CHECK(kind.table.row != nullptr);
    const bool is_event = kind.kind == "Event";
    CHECK(kind.table.columns[0].name == (is_event ? "Last Seen" : "Name"));
  }
}

TEST_CASE("what a pod's row says") {
  struct Row {
    const char* name;
    const char* object;
    const char* expected;  // READY | STATUS | RESTARTS
  };
  const Row rows[] = {
      {"pending", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending"}})", "0/1 | Pending | 0"},
      {"creating", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending","containerStatuses":[
          {"name":"a","restartCount":0,"state":{"waiting":{"reason":"ContainerCreating"}}}]}})",
       "0/1 | ContainerCreating | 0"},
      {"running",
       R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]},"status":{"phase":"Running","containerStatuses":[
          {"name":"a","ready":true,"restartCount":0,"state":{"running":{}}},
          {"name":"b","ready":true,"restartCount":0,"state":{"running":{}}}]}})",
       "2/2 | Running | 0"},
      {"restarted", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Running","containerStatuses":[
          {"name":"a","ready":true,"restartCount":1,"state":{"running":{}},
           "lastState":{"terminated":{"finishedAt":"2026-11-22T09:59:55Z"}}}]}})",
       "1/1 | Running | 1 (5s ago)"},
      {"crashing", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Running","containerStatuses":[
          {"name":"a","restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}})",
       "0/1 | CrashLoopBackOff | 4"},
      {"completed", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Succeeded","containerStatuses":[
          {"name":"a","restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}})",
       "0/1 | Completed | 0"},
      {"exit code without reason", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Failed",
          "containerStatuses":[{"name":"a","restartCount":0,"state":{"terminated":{"exitCode":3}}}]}})",
       "0/1 | ExitCode:3 | 0"},
      {"one ended well beside one that runs", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]},
          "status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}],"containerStatuses":[
          {"name":"a","restartCount":0,"state":{"terminated":{"exitCode":0,"reason":"Completed"}}},
          {"name":"b","ready":true,"restartCount":0,"state":{"running":{}}}]}})",
       "1/2 | NotReady | 0"},
      {"first of two init containers",
       R"({"spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"},{"name":"j"}]},
          "status":{"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":0,"state":{"running":{}}}],
          "containerStatuses":[{"name":"a","state":{"waiting":{"reason":"PodInitializing"}}}]}})",
       "0/1 | Init:0/2 | 0"},
      {"second of two init containers",
       R"({"spec":{"containers":[{"name":"a"}],"initContainers":[{"name":"i"},{"name":"j"}]},
          "status":{"phase":"Pending","initContainerStatuses":[
          {"name":"i","restartCount":0,"state":{"terminated":{"exitCode":0}}},
          {"name":"j","restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}})",
       "0/1 | Init:CrashLoopBackOff | 2"},
      {"terminating", R"({"metadata":{"deletionTimestamp":"2026-11-22T10:00:30Z"},"spec":{"containers":[{"name":"a"}]},
          "status":{"phase":"Running","containerStatuses":[{"name":"a","ready":true,"restartCount":0,"state":{"running":{}}}]}})",
       "1/1 | Terminating | 0"},
      {"evicted", R"({"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Failed","reason":"Evicted"}})",
       "0/1 | Evicted | 0"}};
  for (const Row& one : rows) {
    INFO(one.name);
    CHECK(row(api::kPods, one.object) ==
          " | " + std::string(one.expected) + " | <unknown> | <none> | <none> | <none> | <none>");
  }
  CHECK(row(api::kPods, R"({"metadata":{"name":"web","creationTimestamp":"2026-11-22T09:57:50Z"},
        "spec":{"nodeName":"n1","containers":[{"name":"a"}],"readinessGates":[{"conditionType":"x"}]},
        "status":{"phase":"Running","podIP":"10.0.0.5"}})") ==
        "web | 0/1 | Running | 0 | 2m10s | 10.0.0.5 | n1 | <none> | 0/1");
}

TEST_CASE("what the rows of the other kinds say") {
  CHECK(row(api::kDeployments,
            R"({"metadata":{"name":"d","creationTimestamp":"2026-11-22T09:59:00Z"},"spec":{"replicas":3,
        "selector":{"matchLabels":{"app":"web"}},"template":{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b",
        "image":"y"}]}}},"status":{"readyReplicas":2,"updatedReplicas":3,"availableReplicas":2}})") ==
        "d | 2/3 | 3 | 2 | 60s | a,b | x,y | app=web");
  CHECK(row(api::kReplicaSets,
            R"({"metadata":{"name":"r"},"spec":{"replicas":3},"status":{"replicas":3,"readyReplicas":1}})") ==
        "r | 3 | 3 | 1 | <unknown> |  |  | <none>");
  CHECK(row(api::kReplicationControllers,
            R"({"metadata":{"name":"r"},"spec":{"replicas":3,"selector":{"app":"web","a":"b"}},
        "status":{"replicas":2,"readyReplicas":1}})") == "r | 3 | 2 | 1 | <unknown> |  |  | a=b,app=web");
  CHECK(row(api::kReplicationControllers, R"({"metadata":{"name":"r"},"spec":{}})").ends_with(" | <none>"));
  CHECK(row(api::kDaemonSets,
            R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"app":"web"}},"template":{"spec":{
        "nodeSelector":{"disk":"ssd"},"containers":[{"name":"a","image":"x"}]}}},
        "status":{"desiredNumberScheduled":6,"currentNumberScheduled":5,"numberReady":4,"updatedNumberScheduled":3,
        "numberAvailable":2}})") == "d | 6 | 5 | 4 | 3 | 2 | disk=ssd | <unknown> | a | x | app=web");
  CHECK(row(api::kControllerRevisions, R"({"metadata":{"name":"c","ownerReferences":[
        {"apiVersion":"apps/v1","kind":"DaemonSet","name":"web","controller":true}]},"revision":2})") ==
        "c | daemonset.apps/web | 2 | <unknown>");
  CHECK(row(api::kJobs, R"({"metadata":{"name":"j"},"spec":{"completions":3,"selector":{"matchLabels":{"a":"b"}},
        "template":{"spec":{"containers":[{"name":"c","image":"x"}]}}},
        "status":{"succeeded":2,"startTime":"2026-11-22T09:58:55Z"}})") ==
        "j | Running | 2/3 | 65s | <unknown> | c | x | a=b");
  CHECK(row(api::kJobs, R"({"metadata":{"name":"j"},"spec":{"parallelism":3},"status":{"succeeded":1,
        "startTime":"2026-11-22T09:58:55Z","completionTime":"2026-11-22T09:59:00Z",
        "conditions":[{"type":"Complete","status":"True"}]}})") ==
        "j | Complete | 1/1 of 3 | 5s | <unknown> |  |  | <none>");
  CHECK(row(api::kJobs, R"({"metadata":{"name":"j"},"spec":{"parallelism":1},"status":{
        "conditions":[{"type":"Suspended","status":"True"},{"type":"FailureTarget","status":"False"}]}})") ==
        "j | Suspended | 0/1 |  | <unknown> |  |  | <none>");
  CHECK(row(api::kControllerRevisions, R"({"metadata":{"name":"c"},"revision":2})") == "c | <none> | 2 | <unknown>");
  CHECK(row(api::kNodes, R"({"metadata":{"name":"n","labels":{"node-role.kubernetes.io/control-plane":""}},
        "spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],
        "addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"nodeInfo":{"kubeletVersion":"v1.32.0"}}})") ==
        "n | Ready,SchedulingDisabled | control-plane | <unknown> | v1.32.0 | 10.0.0.1 | <none> | <unknown> | "
        "<unknown> | "
        "<unknown>");
  CHECK(row(api::kNodes, R"({"metadata":{"name":"n"}})").starts_with("n | Unknown | <none> | "));
  CHECK(row(api::kNamespaces, R"({"metadata":{"name":"ns"},"status":{"phase":"Active"}})") ==
        "ns | Active | <unknown>");
  CHECK(row(api::kConfigMaps, R"({"metadata":{"name":"c"},"data":{"a":"1"},"binaryData":{"b":""}})") ==
        "c | 2 | <unknown>");
  CHECK(row(api::kSecrets, R"({"metadata":{"name":"s"},"type":"Opaque","data":{"a":""}})") ==
        "s | Opaque | 1 | <unknown>");
  CHECK(row(api::kServiceAccounts, R"({"metadata":{"name":"default"}})") == "default | 0 | <unknown>");
  CHECK(row(api::kLeases, R"({"metadata":{"name":"l"},"spec":{"holderIdentity":"n1"}})") == "l | n1 | <unknown>");
  CHECK(row(api::kEvents, R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"web"},"type":"Warning",
        "reason":"Failed","message":" text\n","count":2,"firstTimestamp":"2026-11-22T09:59:32Z",
        "lastTimestamp":"2026-11-22T09:59:54Z","source":{"component":"kubelet","host":"n1"}})") ==
        "6s | Warning | Failed | pod/web |  | kubelet, n1 | text | 28s | 2 | e");
  CHECK(row(api::kEvents, R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","name":"web"},
        "eventTime":"2026-11-22T09:59:50.000000Z","reportingComponent":"default-scheduler"})")
            .starts_with("10s |  |  | pod/web |  | default-scheduler |  | 10s | 1 | e"));
}
