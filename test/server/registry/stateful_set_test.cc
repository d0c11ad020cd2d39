#include "test/server/registry/findings.h"

using namespace skiff;
using namespace skiff::test;

namespace {

Json stateful_set(const char* name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec",
               {{"selector", {{"matchLabels", {{"app", "web"}}}}},
                {"serviceName", "web"},
                {"template",
                 {{"metadata", {{"labels", {{"app", "web"}}}}},
                  {"spec",
                   {{"containers",
                     Json::array({{{"name", "a"},
                                   {"image", "nginx:1"},
                                   {"volumeMounts", Json::array({{{"name", "www"}, {"mountPath", "/www"}}})}}})}}}}},
                {"volumeClaimTemplates", Json::array({{{"metadata", {{"name", "www"}}},
                                                       {"spec",
                                                        {{"accessModes", {"ReadWriteOnce"}},
                                                         {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}}})}}}};
}

}  // namespace

TEST_CASE("a stateful set comes back as upstream shows it") {
  Cluster cluster;
  const Json created = *cluster.create(api::kStatefulSets, stateful_set("web"));
  const Json& spec = created["spec"];
  CHECK(spec["replicas"] == 1);
  CHECK(spec["podManagementPolicy"] == "OrderedReady");
  CHECK(spec["updateStrategy"] == Json::parse(R"({"type":"RollingUpdate","rollingUpdate":{"partition":0}})"));
  CHECK(spec["revisionHistoryLimit"] == 10);
  CHECK(spec["persistentVolumeClaimRetentionPolicy"] ==
        Json::parse(R"({"whenDeleted":"Retain","whenScaled":"Retain"})"));
  CHECK(spec["volumeClaimTemplates"] == Json::parse(R"([{"apiVersion":"v1","kind":"PersistentVolumeClaim",
      "metadata":{"creationTimestamp":null,"name":"www"},
      "spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},"volumeMode":"Filesystem"},
      "status":{"phase":"Pending"}}])"));
  CHECK(created["status"] == Json::parse(R"({"availableReplicas":0,"replicas":0})"));
  CHECK(created["metadata"]["generation"] == 1);
  CHECK(table_row(cluster, api::kStatefulSets, created) == "web | 0/1 | 0s || a | nginx:1");

  Json scaled = created;
  scaled["spec"]["replicas"] = 3;
  CHECK((*cluster.update(api::kStatefulSets, scaled))["metadata"]["generation"] == 2);
}

TEST_CASE("stateful sets are validated in upstream's words") {
  Cluster cluster;
  const std::string fixed =
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
      "'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
  check_creations(
      cluster, api::kStatefulSets, stateful_set("x"),
      {{"fine", R"({})", ""},
       {"policy", R"({"spec":{"podManagementPolicy":"Chaos"}})",
        "spec.podManagementPolicy: Invalid value: \"Chaos\": must be 'OrderedReady' or 'Parallel'"},
       {"strategy", R"({"spec":{"updateStrategy":{"type":"Recreate"}}})",
        "spec.updateStrategy: Invalid value: {\"type\":\"Recreate\"}: must be 'RollingUpdate' or 'OnDelete'"},
       {"partition", R"({"spec":{"updateStrategy":{"rollingUpdate":{"partition":-1}}}})",
        "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"},
       {"rolling and not", R"({"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":1}}}})",
        "spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateStrategy "
        "'RollingUpdate'"},
       {"nothing selected", R"({"spec":{"selector":{"matchLabels":null}}})",
        "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), "
        "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for statefulset"},
       {"another label", R"({"spec":{"selector":{"matchLabels":{"app":"db"}}}})",
        "spec.template.metadata.labels: Invalid value: map[string]string{\"app\":\"web\"}: `selector` does not match "
        "template `labels`"},
       {"restart policy", R"({"spec":{"template":{"spec":{"restartPolicy":"Never"}}}})",
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""},
       {"retention", R"({"spec":{"persistentVolumeClaimRetentionPolicy":{"whenScaled":"Keep"}}})",
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: \"Keep\": supported values: "
        "\"Retain\", \"Delete\""},
       {"ordinals", R"({"spec":{"ordinals":{"start":-1}}})",
        "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"}});
  REQUIRE(cluster.create(api::kStatefulSets, stateful_set("web")));
  check_updates(cluster, api::kStatefulSets, "web",
                {{"replicas", R"({"spec":{"replicas":5,"minReadySeconds":3,"ordinals":{"start":1}}})", ""},
                 {"service", R"({"spec":{"serviceName":"other"}})", fixed.c_str()},
                 {"claims", R"({"spec":{"volumeClaimTemplates":null}})", fixed.c_str()},
                 {"selector", R"({"spec":{"selector":{"matchLabels":{"tier":"db"}},
                                          "template":{"metadata":{"labels":{"tier":"db"}}}}})",
                  fixed.c_str()}});
}
