#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

Json pod_template() {
  return Json{{"metadata", {{"labels", {{"app", "web"}}}}},
              {"spec", {{"containers", Json::array({{{"name", "web"}, {"image", "nginx"}}})}}}};
}

Json replication_controller(const std::string& name) {
  return Json{{"metadata", {{"name", name}}}, {"spec", {{"template", pod_template()}}}};
}

Json daemon_set(const std::string& name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}, {"template", pod_template()}}}};
}

// A merge patch on a valid object, and what the message says behind "is invalid: " ("" when it is taken).
struct Row {
  const char* name;
  const char* patch;
  const char* expected;
};

std::string findings(const api::Result<Json>& result) {
  if (result) return "";
  const std::string marker = " is invalid: ";
  const std::size_t at = result.error().message.find(marker);
  return at == std::string::npos ? result.error().message : result.error().message.substr(at + marker.size());
}

void check_create(Cluster& cluster, const api::ResourceType& resource, const Json& base,
                  std::initializer_list<Row> rows) {
  cluster.context.dry_run = true;
  for (const Row& row : rows) {
    INFO(row.name);
    Json object = base;
    object.merge_patch(Json::parse(row.patch));
    CHECK(findings(cluster.create(resource, object)) == row.expected);
  }
  cluster.context.dry_run = false;
}

void check_update(Cluster& cluster, const api::ResourceType& resource, const std::string& name,
                  std::initializer_list<Row> rows, const std::string& subresource = "") {
  for (const Row& row : rows) {
    INFO(row.name);
    const auto updated = cluster.patch(resource, name, api::PatchType::kMerge, Json::parse(row.patch), subresource);
    CHECK(findings(updated) == row.expected);
  }
}

}  // namespace

TEST_CASE("a replication controller takes selector and labels from its template") {
  Cluster cluster;
  const Json created = *cluster.create(api::kReplicationControllers, replication_controller("web"));
  CHECK(created["spec"]["selector"] == Json{{"app", "web"}});
  CHECK(created["metadata"]["labels"] == Json{{"app", "web"}});
  CHECK(created["metadata"]["generation"] == 1);
  CHECK(created["spec"]["replicas"] == 1);
  CHECK(created["status"] == Json{{"replicas", 0}});
  CHECK(created["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Always");

  Json own = replication_controller("own");
  own["metadata"]["labels"] = {{"team", "a"}};
  own["spec"]["selector"] = {{"app", "web"}};
  own["spec"]["template"]["metadata"]["labels"]["tier"] = "front";
  const Json kept = *cluster.create(api::kReplicationControllers, own);
  CHECK(kept["spec"]["selector"] == Json{{"app", "web"}});
  CHECK(kept["metadata"]["labels"] == Json{{"team", "a"}});
}

TEST_CASE("replication controllers are validated in upstream's words") {
  Cluster cluster;
  check_create(
      cluster, api::kReplicationControllers, replication_controller("web"),
      {{"fine", R"({})", ""},
       {"negative replicas", R"({"spec":{"replicas":-1}})",
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
       {"no template", R"({"spec":{"template":null,"selector":{"a":"b"}}})", "spec.template: Required value"},
       {"no labels at all", R"({"spec":{"template":{"metadata":null}}})", "spec.selector: Required value"},
       {"another selector", R"({"spec":{"selector":{"app":"other"}}})",
        "spec.template.metadata.labels: Invalid value: map[string]string{\"app\":\"web\"}: `selector` does not "
        "match template `labels`"},
       {"pods that end", R"({"spec":{"template":{"spec":{"restartPolicy":"Never"}}}})",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""},
       {"deadline", R"({"spec":{"template":{"spec":{"activeDeadlineSeconds":5}}}})",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController "
        "is not Supported"}});
  REQUIRE(cluster.create(api::kReplicationControllers, replication_controller("web")));
  check_update(cluster, api::kReplicationControllers, "web",
               {{"the selector may change", R"({"spec":{"selector":{"tier":"x"},
                  "template":{"metadata":{"labels":{"tier":"x"}}}}})",
                 ""}});
}

TEST_CASE("counters of replicas cannot contradict each other") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kReplicationControllers, replication_controller("web")));
  check_update(cluster, api::kReplicationControllers, "web",
               {{"labeled", R"({"status":{"replicas":1,"fullyLabeledReplicas":2}})",
                 "status.fullyLabeledReplicas: Invalid value: 2: cannot be greater than status.replicas"},
                {"ready", R"({"status":{"replicas":1,"readyReplicas":2}})",
                 "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"},
                {"available", R"({"status":{"replicas":3,"readyReplicas":1,"availableReplicas":2}})",
                 "status.availableReplicas: Invalid value: 2: cannot be greater than readyReplicas"},
                {"negative", R"({"status":{"replicas":0,"readyReplicas":-1}})",
                 "[status.readyReplicas: Invalid value: -1: must be greater than or equal to 0, "
                 "status.availableReplicas: Invalid value: 0: cannot be greater than readyReplicas]"},
                {"fine", R"({"status":{"replicas":3,"readyReplicas":2,"availableReplicas":2}})", ""}},
               "status");
}

TEST_CASE("a replication controller is scaled through its subresource") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kReplicationControllers, replication_controller("web")));
  const Json scaled = *cluster.patch(api::kReplicationControllers, "web", api::PatchType::kMerge,
                                     Json{{"spec", {{"replicas", 4}}}}, "scale");
  CHECK(scaled["spec"]["replicas"] == 4);
  CHECK(scaled["metadata"]["generation"] == 2);
  const auto record = cluster.registry.get(cluster.kind(api::kReplicationControllers), {"default", "web"});
  const Json scale = cluster.registry.scale_of(cluster.kind(api::kReplicationControllers), **record);
  CHECK(scale["status"] == Json{{"replicas", 0}, {"selector", "app=web"}});
}

TEST_CASE("pods of a replication controller outlive it unless the deletion says otherwise") {
  struct Row {
    const char* policy;
    const char* finalizer;  // "" when it is gone at once
  };
  for (const Row& row : {Row{"", "orphan"}, Row{"Background", ""}, Row{"Foreground", "foregroundDeletion"}}) {
    INFO(row.policy);
    Cluster cluster;
    REQUIRE(cluster.create(api::kReplicationControllers, replication_controller("web")));
    api::DeleteOptions options;
    options.propagation_policy = row.policy;
    REQUIRE(cluster.remove(api::kReplicationControllers, "web", options));
    const auto left = cluster.get(api::kReplicationControllers, "web");
    CHECK((left ? (*left)["metadata"]["finalizers"][0].get<std::string>() : "") == row.finalizer);
  }
  Cluster cluster;
  REQUIRE(cluster.create(api::kDeployments, deployment("web")));
  REQUIRE(cluster.remove(api::kDeployments, "web"));
  CHECK_FALSE(cluster.get(api::kDeployments, "web"));
}

TEST_CASE("a daemon set is completed as upstream does") {
  Cluster cluster;
  const Json created = *cluster.create(api::kDaemonSets, daemon_set("web"));
  CHECK(created["spec"]["updateStrategy"] ==
        Json{{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxSurge", 0}, {"maxUnavailable", 1}}}});
  CHECK(created["spec"]["revisionHistoryLimit"] == 10);
  CHECK(created["metadata"]["generation"] == 1);
  CHECK(created["metadata"]["annotations"] == Json{{"deprecated.daemonset.template.generation", "1"}});
  CHECK(created["status"] == Json{{"currentNumberScheduled", 0},
                                  {"desiredNumberScheduled", 0},
                                  {"numberMisscheduled", 0},
                                  {"numberReady", 0}});

  SECTION("changes are counted, those of the template twice") {
    const auto change = [&](const char* patch) {
      return *cluster.patch(api::kDaemonSets, "web", api::PatchType::kMerge, Json::parse(patch));
    };
    Json changed = change(R"({"spec":{"minReadySeconds":5}})");
    CHECK(changed["metadata"]["generation"] == 2);
    CHECK(changed["metadata"]["annotations"]["deprecated.daemonset.template.generation"] == "1");
    changed = change(R"({"spec":{"template":{"metadata":{"annotations":{"a":"b"}}}}})");
    CHECK(changed["metadata"]["generation"] == 3);
    CHECK(changed["metadata"]["annotations"]["deprecated.daemonset.template.generation"] == "2");
    changed = change(R"({"metadata":{"annotations":{"deprecated.daemonset.template.generation":"9"}}})");
    CHECK(changed["metadata"]["generation"] == 3);
    CHECK(changed["metadata"]["annotations"]["deprecated.daemonset.template.generation"] == "2");
  }
}

TEST_CASE("daemon sets are validated in upstream's words") {
  Cluster cluster;
  check_create(
      cluster, api::kDaemonSets, daemon_set("web"),
      {{"fine", R"({})", ""},
       {"no selector", R"({"spec":{"selector":null}})", "spec.selector: Required value"},
       {"empty selector", R"({"spec":{"selector":{"matchLabels":null}}})",
        "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), "
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for daemonset"},
       {"another selector", R"({"spec":{"selector":{"matchLabels":{"app":"db"}}}})",
        "spec.template.metadata.labels: Invalid value: map[string]string{\"app\":\"web\"}: `selector` does not match "
        "template `labels`"},
       {"pods that end", R"({"spec":{"template":{"spec":{"restartPolicy":"OnFailure"}}}})",
        "spec.template.spec.restartPolicy: Unsupported value: \"OnFailure\": supported values: \"Always\""},
       {"deadline", R"({"spec":{"template":{"spec":{"activeDeadlineSeconds":5}}}})",
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported"},
       {"minReadySeconds", R"({"spec":{"minReadySeconds":-1}})",
        "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"},
       {"history", R"({"spec":{"revisionHistoryLimit":-1}})",
        "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"},
       {"no such strategy", R"({"spec":{"updateStrategy":{"type":"Sometimes"}}})",
        "spec.updateStrategy: Unsupported value: {\"RollingUpdate\":null,\"Type\":\"Sometimes\"}: supported values: "
        "\"RollingUpdate\", \"OnDelete\""},
       {"on delete", R"({"spec":{"updateStrategy":{"type":"OnDelete"}}})", ""},
       {"surge instead", R"({"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":0,"maxSurge":"50%"}}}})", ""},
       {"both", R"({"spec":{"updateStrategy":{"rollingUpdate":{"maxSurge":1}}}})",
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when `maxUnavailable` is "
        "non-zero"},
       {"neither", R"({"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":0}}}})",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when `maxSurge` is 0"},
       {"more than all", R"({"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":"101%"}}}})",
        "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, "
        "StrVal:\"101%\"}: must not be greater than 100%"}});
  REQUIRE(cluster.create(api::kDaemonSets, daemon_set("web")));
  check_update(cluster, api::kDaemonSets, "web",
               {{"the selector stays", R"({"spec":{"selector":{"matchLabels":{"app":"web","a":"b"}},
                  "template":{"metadata":{"labels":{"a":"b"}}}}})",
                 "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"a\":\"b\", "
                 "\"app\":\"web\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"}});
  check_update(cluster, api::kDaemonSets, "web",
               {{"fine", R"({"status":{"collisionCount":2}})", ""},
                {"collisions only grow", R"({"status":{"collisionCount":1}})",
                 "status.collisionCount: Invalid value: 1: cannot be decremented"},
                {"negative", R"({"status":{"collisionCount":2,"numberReady":-1}})",
                 "status.numberReady: Invalid value: -1: must be greater than or equal to 0"}},
               "status");
}

TEST_CASE("a controller revision cannot be rewritten") {
  Cluster cluster;
  const Json revision{{"metadata", {{"name", "r"}}},
                      {"data", {{"spec", {{"template", {{"$patch", "replace"}, {"kept", nullptr}}}}}}},
                      {"revision", 3}};
  const Json created = *cluster.create(api::kControllerRevisions, revision);
  CHECK(created["data"] == revision["data"]);
  check_create(cluster, api::kControllerRevisions, revision,
               {{"no data", R"({"metadata":{"name":"n"},"data":null})", "data: Required value: data is mandatory"},
                {"negative", R"({"metadata":{"name":"n"},"revision":-1})",
                 "revision: Invalid value: -1: must be greater than or equal to 0"}});
  check_update(cluster, api::kControllerRevisions, "r",
               {{"renumbered", R"({"revision":4})", ""},
                {"other data", R"({"data":{"spec":null}})", "data: Invalid value: {}: field is immutable"}});
}

TEST_CASE("the deprecated version of the kinds of apps warns") {
  Cluster cluster;
  for (const char* kind : {"Deployment", "ReplicaSet", "DaemonSet", "ControllerRevision"}) {
    const server::ServedKind served = cluster.kinds.find_by_kind("apps", "v1beta2", kind);
    REQUIRE(served);
    CHECK(served.version->deprecation_warning ==
          "apps/v1beta2 " + std::string(kind) + " is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 " + kind);
  }
}

namespace {

Json job(const std::string& name) {
  Json object{
      {"metadata", {{"name", name}}},
      {"spec",
       {{"template",
         {{"spec",
           {{"restartPolicy", "Never"}, {"containers", Json::array({{{"name", "c"}, {"image", "busybox"}}})}}}}}}}};
  return object;
}

}  // namespace

TEST_CASE("a job is completed as upstream does") {
  Cluster cluster;
  const Json created = *cluster.create(api::kJobs, job("sum"));
  const std::string uid = created["metadata"]["uid"];
  const Json labels{{"batch.kubernetes.io/controller-uid", uid},
                    {"batch.kubernetes.io/job-name", "sum"},
                    {"controller-uid", uid},
                    {"job-name", "sum"}};
  CHECK(created["metadata"]["labels"] == labels);
  CHECK(created["metadata"]["generation"] == 1);
  const Json& spec = created["spec"];
  CHECK(spec["template"]["metadata"]["labels"] == labels);
  CHECK(spec["selector"] == Json{{"matchLabels", {{"batch.kubernetes.io/controller-uid", uid}}}});
  CHECK(spec["completions"] == 1);
  CHECK(spec["parallelism"] == 1);
  CHECK(spec["backoffLimit"] == 6);
  CHECK(spec["completionMode"] == "NonIndexed");
  CHECK(spec["suspend"] == false);
  CHECK(spec["manualSelector"] == false);
  CHECK(spec["podReplacementPolicy"] == "TerminatingOrFailed");
  CHECK(created["status"] == Json::object());

  const auto spec_of = [&](const char* patch) {
    Json object = job("other");
    object["spec"].merge_patch(Json::parse(patch));
    cluster.context.dry_run = true;
    return (*cluster.create(api::kJobs, object))["spec"];
  };
  CHECK_FALSE(spec_of(R"({"parallelism":3})").contains("completions"));
  CHECK(spec_of(R"({"completions":3})")["parallelism"] == 1);
  const Json indexed = spec_of(R"({"completions":3,"completionMode":"Indexed","backoffLimitPerIndex":1})");
  CHECK(indexed["backoffLimit"] == 2147483647);
  const Json with_policy = spec_of(R"({"podFailurePolicy":{"rules":[
      {"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget"}]}]}})");
  CHECK(with_policy["podReplacementPolicy"] == "Failed");
  CHECK(with_policy["podFailurePolicy"]["rules"][0]["onPodConditions"][0]["status"] == "True");
}

TEST_CASE("jobs are validated in upstream's words") {
  Cluster cluster;
  const std::string policy = "spec.podFailurePolicy.rules[0]";
  const std::string both = policy + ": Invalid value: specifying both OnExitCodes and OnPodConditions is not supported";
  const std::string none = policy + ": Invalid value: specifying one of OnExitCodes and OnPodConditions is required";
  check_create(
      cluster, api::kJobs, job("sum"),
      {{"fine", R"({})", ""},
       {"no restart policy", R"({"spec":{"template":{"spec":{"restartPolicy":null}}}})",
        "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""},
       {"always", R"({"spec":{"template":{"spec":{"restartPolicy":"Always"}}}})",
        "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""},
       {"parallelism", R"({"spec":{"parallelism":-1}})",
        "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"},
       {"completions", R"({"spec":{"completions":-1}})",
        "spec.completions: Invalid value: -1: must be greater than or equal to 0"},
       {"deadline", R"({"spec":{"activeDeadlineSeconds":-1}})",
        "spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0"},
       {"back-off", R"({"spec":{"backoffLimit":-1}})",
        "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"},
       {"ttl", R"({"spec":{"ttlSecondsAfterFinished":-1}})",
        "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0"},
       {"mode", R"({"spec":{"completionMode":"Sorted"}})",
        "spec.completionMode: Unsupported value: \"Sorted\": supported values: \"NonIndexed\", \"Indexed\""},
       {"indexed without completions", R"({"spec":{"completionMode":"Indexed","parallelism":2}})",
        "spec.completions: Required value: when completion mode is Indexed"},
       {"too parallel", R"({"spec":{"completionMode":"Indexed","completions":1,"parallelism":100001}})",
        "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is "
        "Indexed"},
       {"limit per index of what", R"({"spec":{"backoffLimitPerIndex":1}})",
        "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"},
       {"failed indexes without limit", R"({"spec":{"completionMode":"Indexed","completions":2,"maxFailedIndexes":1}})",
        "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified"},
       {"more failed than completions",
        R"({"spec":{"completionMode":"Indexed","completions":2,"backoffLimitPerIndex":1,"maxFailedIndexes":3}})",
        "spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions"},
       {"very many completions",
        R"({"spec":{"completionMode":"Indexed","completions":100001,"backoffLimitPerIndex":1}})",
        "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000"},
       {"host name too long",
        R"({"metadata":{"name":"a12345678901234567890123456789012345678901234567890123456789012"},
            "spec":{"completionMode":"Indexed","completions":2}})",
        "metadata.name: Invalid value: \"a12345678901234567890123456789012345678901234567890123456789012\": will not "
        "able to create pod with invalid DNS label: a12345678901234567890123456789012345678901234567890123456789012-1"},
       {"managed by nobody", R"({"spec":{"managedBy":"me"}})",
        "spec.managedBy: Invalid value: \"me\": must be a domain-prefixed path (such as \"acme.io/foo\")"},
       {"replacement", R"({"spec":{"podReplacementPolicy":"Never"}})",
        "spec.podReplacementPolicy: Unsupported value: \"Never\": supported values: \"Failed\", "
        "\"TerminatingOrFailed\""},
       {"manual without selector", R"({"spec":{"manualSelector":true}})", "spec.selector: Required value"},
       {"manual without match", R"({"spec":{"manualSelector":true,"selector":{"matchLabels":{"a":"b"}}}})",
        "spec.template.metadata.labels: Invalid value: map[string]string(nil): `selector` does not match template "
        "`labels`"},
       {"manual",
        R"({"spec":{"manualSelector":true,"selector":{"matchLabels":{"a":"b"}},
            "template":{"metadata":{"labels":{"a":"b"}}}}})",
        ""},
       {"policy with restarts",
        R"({"spec":{"template":{"spec":{"restartPolicy":"OnFailure"}},"podFailurePolicy":{"rules":[]}}})",
        "spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" is supported when "
        "podFailurePolicy is specified"},
       {"neither codes nor conditions", R"({"spec":{"podFailurePolicy":{"rules":[{"action":"Ignore"}]}}})",
        none.c_str()},
       {"codes and conditions",
        R"({"spec":{"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":{"operator":"In","values":[1]},
            "onPodConditions":[{"type":"Ready"}]}]}}})",
        both.c_str()},
       {"no action", R"({"spec":{"podFailurePolicy":{"rules":[{"onExitCodes":{"operator":"In","values":[1]}}]}}})",
        "spec.podFailurePolicy.rules[0].action: Required value: valid values: [\"Count\" \"FailIndex\" \"FailJob\" "
        "\"Ignore\"]"},
       {"index of what",
        R"({"spec":{"podFailurePolicy":{"rules":[{"action":"FailIndex","onExitCodes":{"operator":"In","values":[1]}}]}}})",
        "spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be "
        "set"},
       {"success as a failure",
        R"({"spec":{"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":{"operator":"In","values":[0]}}]}}})",
        "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"},
       {"out of order",
        R"({"spec":{"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":{"operator":"In","values":[2,1]}}]}}})",
        "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered"},
       {"container",
        R"({"spec":{"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":
            {"containerName":"d","operator":"In","values":[2]}}]}}})",
        "spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: \"d\": must be one of the container "
        "or initContainer names in the pod template"},
       {"success policy of what", R"({"spec":{"successPolicy":{"rules":[{"succeededCount":1}]}}})",
        "spec.successPolicy: Invalid value: {\"rules\":[{\"succeededCount\":1}]}: requires indexed completion mode"},
       {"success policy without rules", R"({"spec":{"completionMode":"Indexed","completions":2,"successPolicy":{}}})",
        "spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is "
        "specified"},
       {"indexes that are none",
        R"({"spec":{"completionMode":"Indexed","completions":2,"successPolicy":{"rules":[{"succeededIndexes":"1,5"}]}}})",
        "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"1,5\": error parsing succeededIndexes: too "
        "large index: \"5\""},
       {"more than there are",
        R"({"spec":{"completionMode":"Indexed","completions":5,"successPolicy":{"rules":[
            {"succeededIndexes":"1-2","succeededCount":3}]}}})",
        "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of "
        "indexes in the specified succeededIndexes field)"}});
  Json conflicting = job("sum");
  conflicting["spec"]["template"]["metadata"]["labels"] = {{"job-name", "other"}};
  CHECK(findings(cluster.create(api::kJobs, conflicting)).find("must be 'sum'") != std::string::npos);
}

TEST_CASE("what a job may change") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kJobs, job("sum")));
  check_update(
      cluster, api::kJobs, "sum",
      {{"parallelism", R"({"spec":{"parallelism":4}})", ""},
       {"suspend", R"({"spec":{"suspend":true}})", ""},
       {"ttl", R"({"spec":{"ttlSecondsAfterFinished":4}})", ""},
       {"where pods go, before it ran", R"({"spec":{"template":{"spec":{"nodeSelector":{"a":"b"}}}}})", ""},
       {"completions", R"({"spec":{"completions":4}})", "spec.completions: Invalid value: 4: field is immutable"},
       {"mode", R"({"spec":{"completionMode":"Indexed"}})",
        "spec.completionMode: Invalid value: \"Indexed\": field is immutable"},
       {"manager", R"({"spec":{"managedBy":"acme.io/foo"}})",
        "spec.managedBy: Invalid value: \"acme.io/foo\": field is immutable"}});
  const auto image = cluster.patch(api::kJobs, "sum", api::PatchType::kJson,
                                   Json::parse(R"([{"op":"replace","path":"/spec/template/spec/containers/0/image",
                                                    "value":"other"}])"));
  CHECK(findings(image).starts_with("spec.template: Invalid value: {"));
  CHECK(findings(image).ends_with(": field is immutable"));

  Json indexed = job("indexed");
  indexed["spec"]["completionMode"] = "Indexed";
  indexed["spec"]["completions"] = 3;
  REQUIRE(cluster.create(api::kJobs, indexed));
  check_update(cluster, api::kJobs, "indexed",
               {{"alone", R"({"spec":{"completions":5}})",
                 "spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism"},
                {"in tandem", R"({"spec":{"completions":5,"parallelism":5}})", ""}});
}

TEST_CASE("what the status of a job may say") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kJobs, job("sum")));
  const char* started = R"("startTime":"2026-11-22T10:00:00Z")";
  const std::string ended =
      "{\"status\":{" + std::string(started) + R"(,"completionTime":"2026-11-22T10:01:00Z","succeeded":1,"conditions":[
          {"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]}})";
  check_update(
      cluster, api::kJobs, "sum",
      {{"negative", R"({"status":{"terminating":-1}})",
        "status.terminating: Invalid value: -1: must be greater than or equal to 0"},
       {"ready", R"({"status":{"active":1,"ready":2}})",
        "status.ready: Invalid value: 2: cannot set more ready pods than active"},
       {"twice", R"({"status":{"uncountedTerminatedPods":{"succeeded":["a"],"failed":["a"]}}})",
        "status.uncountedTerminatedPods.failed[0]: Duplicate value: \"a\""},
       {"indexes of what", R"({"status":{"completedIndexes":"0"}})",
        "status.completedIndexes: Invalid value: \"0\": cannot set non-empty completedIndexes when non-indexed "
        "completion mode"},
       {"complete out of nothing", R"({"status":{"conditions":[{"type":"Complete","status":"True"}]}})",
        "[status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true "
        "condition, status.completionTime: Required value: completionTime is required for Complete jobs, "
        "status.startTime: Required value: startTime is required for finished job]"},
       {"an end", ended.c_str(), ""},
       {"back from the end", R"({"status":{"conditions":null,"completionTime":null}})",
        "[status.conditions: Invalid value: cannot disable the terminal Complete=True condition, status.conditions: "
        "Invalid value: cannot disable the SuccessCriteriaMet=True condition]"},
       {"another end", R"({"status":{"completionTime":"2026-11-22T10:02:00Z"}})",
        "status.completionTime: Invalid value: \"2026-11-22T10:02:00Z\": completionTime cannot be mutated"},
       {"fewer", R"({"status":{"succeeded":0}})",
        "status.succeeded: Invalid value: 0: cannot decrease the succeeded counter"}},
      "status");
}
