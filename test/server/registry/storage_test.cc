#include "test/server/registry/findings.h"

using namespace skiff;
using namespace skiff::test;

namespace {

Json storage_class(const char* name, bool is_default = false) {
  Json object{{"metadata", {{"name", name}}}, {"provisioner", "example.com/disk"}};
  if (is_default) object["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] = "true";
  return object;
}

Json volume(const char* name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec",
               {{"capacity", {{"storage", "1Gi"}}},
                {"accessModes", {"ReadWriteMany", "ReadWriteOnce"}},
                {"hostPath", {{"path", "/data"}}}}}};
}

Json claim(const char* name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "1Gi"}}}}}}}};
}

}  // namespace

TEST_CASE("storage classes") {
  Cluster cluster;
  const Json created = *cluster.create(api::kStorageClasses, storage_class("fast", true));
  CHECK(created["reclaimPolicy"] == "Delete");
  CHECK(created["volumeBindingMode"] == "Immediate");
  CHECK(table_row(cluster, api::kStorageClasses, created) ==
        "fast (default) | example.com/disk | Delete | Immediate | false | 0s");
  check_creations(cluster, api::kStorageClasses, storage_class("x"),
                  {{"no provisioner", R"({"provisioner":""})", "provisioner: Required value"},
                   {"upper case is fine", R"({"provisioner":"Example.com/Disk"})", ""},
                   {"reclaim policy", R"({"reclaimPolicy":"Recycle"})",
                    "reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\""},
                   {"binding mode", R"({"volumeBindingMode":"Later"})",
                    "volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", "
                    "\"WaitForFirstConsumer\""}});
  check_updates(
      cluster, api::kStorageClasses, "fast",
      {{"expansion", R"({"allowVolumeExpansion":true})", ""},
       {"provisioner", R"({"provisioner":"a/b"})", "provisioner: Forbidden: updates to provisioner are forbidden."},
       {"parameters", R"({"parameters":{"a":"b"}})", "parameters: Forbidden: updates to parameters are forbidden."},
       {"reclaim policy", R"({"reclaimPolicy":"Retain"})",
        "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden."},
       {"binding mode", R"({"volumeBindingMode":"WaitForFirstConsumer"})",
        "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable"}});
}

TEST_CASE("a persistent volume comes back as upstream shows it") {
  Cluster cluster;
  const Json created = *cluster.create(api::kPersistentVolumes, volume("disk"));
  CHECK(created["metadata"]["finalizers"] == Json({"kubernetes.io/pv-protection"}));
  CHECK_FALSE(created["metadata"].contains("namespace"));
  CHECK(created["spec"]["persistentVolumeReclaimPolicy"] == "Retain");
  CHECK(created["spec"]["volumeMode"] == "Filesystem");
  CHECK(created["spec"]["hostPath"]["type"] == "");
  CHECK(created["status"]["phase"] == "Pending");
  const std::string time = created["status"]["lastPhaseTransitionTime"];
  CHECK(table_row(cluster, api::kPersistentVolumes, created) ==
        "disk | 1Gi | RWO,RWX | Retain | Pending |  |  | <unset> |  | 0s || Filesystem");

  cluster.clock.advance(std::chrono::seconds(5));
  Json bound = created;
  bound["spec"]["claimRef"] = Json{{"namespace", "default"}, {"name", "data"}};
  bound = *cluster.update(api::kPersistentVolumes, bound);
  bound["status"]["phase"] = "Bound";
  bound = *cluster.update(api::kPersistentVolumes, bound, "status");
  CHECK(bound["status"]["lastPhaseTransitionTime"] != time);
  CHECK(table_row(cluster, api::kPersistentVolumes, bound) ==
        "disk | 1Gi | RWO,RWX | Retain | Bound | default/data |  | <unset> |  | 5s || Filesystem");
  const std::string later = bound["status"]["lastPhaseTransitionTime"];
  bound["status"].erase("lastPhaseTransitionTime");
  cluster.clock.advance(std::chrono::seconds(5));
  CHECK((*cluster.update(api::kPersistentVolumes, bound, "status"))["status"]["lastPhaseTransitionTime"] == later);
}

TEST_CASE("persistent volumes are validated in upstream's words") {
  Cluster cluster;
  check_creations(
      cluster, api::kPersistentVolumes, volume("x"),
      {{"no modes", R"({"spec":{"accessModes":null}})", "spec.accessModes: Required value"},
       {"unknown mode", R"({"spec":{"accessModes":["Write"]}})",
        "spec.accessModes: Unsupported value: \"Write\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", "
        "\"ReadWriteOnce\", \"ReadWriteOncePod\""},
       {"once per pod and more", R"({"spec":{"accessModes":["ReadWriteOncePod","ReadWriteOnce"]}})",
        "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"},
       {"no capacity", R"({"spec":{"capacity":null}})", "spec.capacity: Required value"},
       {"empty", R"({"spec":{"capacity":{"storage":"0"}}})",
        "spec.capacity[storage]: Invalid value: \"0\": must be greater than zero"},
       {"no source", R"({"spec":{"hostPath":null}})", "spec: Required value: must specify a volume type"},
       {"two sources", R"({"spec":{"nfs":{"server":"a","path":"/"}}})",
        "spec.nfs: Forbidden: may not specify more than 1 volume type"},
       {"steps back", R"({"spec":{"hostPath":{"path":"/a/../b"}}})",
        "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"},
       {"local without affinity", R"({"spec":{"hostPath":null,"local":{"path":"/a"}}})",
        "spec.nodeAffinity: Required value: Local volume requires node affinity"},
       {"empty affinity", R"({"spec":{"nodeAffinity":{}}})",
        "spec.nodeAffinity.required: Required value: must specify required node constraints"},
       {"recycled root", R"({"spec":{"hostPath":{"path":"/"},"persistentVolumeReclaimPolicy":"Recycle"}})",
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"},
       {"policy", R"({"spec":{"persistentVolumeReclaimPolicy":"Keep"}})",
        "spec.persistentVolumeReclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Recycle\", "
        "\"Retain\""},
       {"class", R"({"spec":{"storageClassName":"A"}})",
        "spec.storageClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case "
        "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
        "'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"}});
  REQUIRE(cluster.create(api::kPersistentVolumes, volume("disk")));
  check_updates(
      cluster, api::kPersistentVolumes, "disk",
      {{"capacity", R"({"spec":{"capacity":{"storage":"2Gi"}}})", ""},
       {"source", R"({"spec":{"hostPath":{"path":"/other"}}})",
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation"},
       {"mode", R"({"spec":{"volumeMode":"Block"}})", "volumeMode: Invalid value: \"Block\": field is immutable"}});
}

TEST_CASE("claims: defaults, columns and what may change") {
  Cluster cluster;
  Json asked = claim("data");
  asked["status"] = Json{{"phase", "Bound"}};
  asked["spec"]["dataSource"] = Json{{"kind", "PersistentVolumeClaim"}, {"name", "old"}};
  const Json created = *cluster.create(api::kPersistentVolumeClaims, asked);
  CHECK(created["metadata"]["finalizers"] == Json({"kubernetes.io/pvc-protection"}));
  CHECK(created["status"] == Json({{"phase", "Pending"}}));
  CHECK(created["spec"]["dataSourceRef"] == created["spec"]["dataSource"]);
  CHECK(created["spec"]["volumeMode"] == "Filesystem");
  CHECK(table_row(cluster, api::kPersistentVolumeClaims, created) ==
        "data | Pending |  |  |  |  | <unset> | 0s || Filesystem");

  const std::string immutable =
      "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
      "bound claims";
  check_updates(
      cluster, api::kPersistentVolumeClaims, "data",
      {{"volume, once", R"({"spec":{"volumeName":"disk"}})", ""},
       {"class, once", R"({"spec":{"storageClassName":"fast"}})", ""},
       {"modes", R"({"spec":{"accessModes":["ReadWriteMany"]}})", immutable.c_str()},
       {"smaller while pending", R"({"spec":{"resources":{"requests":{"storage":"1Mi"}}}})", immutable.c_str()}});

  Json bound = created;
  bound["spec"]["volumeName"] = "disk";
  bound["spec"]["storageClassName"] = "fixed";
  bound = *cluster.update(api::kPersistentVolumeClaims, bound);
  bound["status"] = Json{{"phase", "Bound"}, {"accessModes", {"ReadWriteOnce"}}, {"capacity", {{"storage", "1Gi"}}}};
  bound = *cluster.update(api::kPersistentVolumeClaims, bound, "status");
  CHECK(table_row(cluster, api::kPersistentVolumeClaims, bound) ==
        "data | Bound | disk | 1Gi | RWO | fixed | <unset> | 0s || Filesystem");
  check_updates(
      cluster, api::kPersistentVolumeClaims, "data",
      {{"another volume", R"({"spec":{"volumeName":"other"}})", immutable.c_str()},
       {"another class", R"({"spec":{"storageClassName":"fast"}})", immutable.c_str()},
       {"smaller", R"({"spec":{"resources":{"requests":{"storage":"1Mi"}}}})",
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"},
       {"larger without a class that grows", R"({"spec":{"resources":{"requests":{"storage":"2Gi"}}}})",
        "persistentvolumeclaims \"data\" is forbidden: only dynamically provisioned pvc can be resized and the "
        "storageclass that provisions the pvc must support resize"}});
  Json growing = storage_class("fixed");
  growing["allowVolumeExpansion"] = true;
  REQUIRE(cluster.create(api::kStorageClasses, growing));
  check_updates(cluster, api::kPersistentVolumeClaims, "data",
                {{"larger", R"({"spec":{"resources":{"requests":{"storage":"2Gi"}}}})", ""}});
}

TEST_CASE("claims are validated in upstream's words") {
  Cluster cluster;
  check_creations(
      cluster, api::kPersistentVolumeClaims, claim("x"),
      {{"no modes", R"({"spec":{"accessModes":[]}})",
        "spec.accessModes: Required value: at least 1 access mode is required"},
       {"no size", R"({"spec":{"resources":null}})", "spec.resources[storage]: Required value"},
       {"no room", R"({"spec":{"resources":{"requests":{"storage":"0"}}}})",
        "spec.resources[storage]: Invalid value: \"0\": must be greater than zero"},
       {"selector", R"({"spec":{"selector":{"matchExpressions":[{"key":"a","operator":"Is"}]}}})",
        "spec.selector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid selector operator"},
       {"mode", R"({"spec":{"volumeMode":"Tape"}})",
        "spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\""},
       {"source", R"({"spec":{"dataSource":{"kind":"Pod","name":"a"}}})",
        "[spec.dataSource: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default "
        "apiGroup, spec.dataSourceRef: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the "
        "default apiGroup]"}});
}

TEST_CASE("the default storage class goes to claims that say nothing about theirs") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kStorageClasses, storage_class("slow")));
  REQUIRE(cluster.create(api::kStorageClasses, storage_class("fast", true)));
  CHECK((*cluster.create(api::kPersistentVolumeClaims, claim("any")))["spec"]["storageClassName"] == "fast");
  Json none = claim("none");
  none["spec"]["storageClassName"] = "";
  CHECK((*cluster.create(api::kPersistentVolumeClaims, none))["spec"]["storageClassName"] == "");
  Json old = claim("old");
  old["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"] = "slow";
  const Json annotated = *cluster.create(api::kPersistentVolumeClaims, old);
  CHECK_FALSE(annotated["spec"].contains("storageClassName"));
  CHECK(table_row(cluster, api::kPersistentVolumeClaims, annotated) ==
        "old | Pending |  |  |  | slow | <unset> | 0s || Filesystem");
}
