#include "api/schemas/schemas.h"

#include "api/base/json.h"
#include "api/schema/decode.h"
#include "api/schema/schema.h"
#include "test/api/catalog.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

// The built-in schemas, against what Kubernetes v1.32 declares in its types and defaults.
namespace skiff {
namespace {

using api::schema::Catalog;
using api::schema::Field;
using api::schema::ListType;
using api::schema::Struct;
using api::schema::TypeKind;

const std::string kCore = "io.k8s.api.core.v1.";
const std::string kApps = "io.k8s.api.apps.v1.";
const std::string kMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

using test::catalog;

const Struct& type(const std::string& full_name) {
  CAPTURE(full_name);
  const Struct* found = catalog().find(full_name);
  REQUIRE(found != nullptr);
  return *found;
}

const Field& field(const std::string& type_name, const char* field_name) {
  CAPTURE(field_name);
  const Field* found = type(type_name).find(field_name);
  REQUIRE(found != nullptr);
  return *found;
}

std::set<std::string> names(const Struct& structure, bool Field::*flag) {
  std::set<std::string> result;
  for (const Field& field : structure.fields) {
    if (field.*flag) result.insert(field.name);
  }
  return result;
}

using NameSet = std::set<std::string>;

}  // namespace

TEST_CASE("schemas: every text is well formed and self-consistent") {
  REQUIRE(api::schemas::texts().size() >= 13);
  REQUIRE(Catalog::parse(api::schemas::texts()));
  for (const Struct* structure : catalog().all()) {
    CAPTURE(structure->full_name);
    CHECK_FALSE(structure->description.empty());
    for (const Field& field : structure->fields) {
      CAPTURE(field.name);
      CHECK_FALSE(field.description.empty());
      if (field.unique) CHECK(field.list_type != ListType::kAtomic);
      if (field.list_type != ListType::kAtomic) CHECK(field.type.kind == TypeKind::kList);
      const bool text_default = !field.always_present && field.default_value && field.default_value->is_string();
      if (text_default && !field.enum_values.empty()) {
        CHECK(std::ranges::count(field.enum_values, field.default_value->get<std::string>()) == 1);
      }
      // An optional time that is not a pointer upstream shows as null; nothing else does.
      if (field.default_value && field.default_value->is_null() && !field.always_present) {
        CHECK((field.type.kind == TypeKind::kTime || field.type.kind == TypeKind::kMicroTime));
      }
      if (field.omit_zero) {
        CHECK((field.type.kind == TypeKind::kBool || field.type.kind == TypeKind::kInt32 ||
               field.type.kind == TypeKind::kInt64));
      }
    }
  }
}

TEST_CASE("schemas: the kinds and their group-versions") {
  struct Row {
    const char *group, *version, *kind, *full_name;
  };
  const Row rows[] = {
      {"", "v1", "Namespace", "io.k8s.api.core.v1.Namespace"},
      {"", "v1", "Node", "io.k8s.api.core.v1.Node"},
      {"", "v1", "Pod", "io.k8s.api.core.v1.Pod"},
      {"", "v1", "Binding", "io.k8s.api.core.v1.Binding"},
      {"", "v1", "ConfigMap", "io.k8s.api.core.v1.ConfigMap"},
      {"", "v1", "Secret", "io.k8s.api.core.v1.Secret"},
      {"", "v1", "ServiceAccount", "io.k8s.api.core.v1.ServiceAccount"},
      {"", "v1", "Event", "io.k8s.api.core.v1.Event"},
      {"", "v1", "Status", "io.k8s.apimachinery.pkg.apis.meta.v1.Status"},
      {"", "v1", "DeleteOptions", "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"},
      {"events.k8s.io", "v1", "Event", "io.k8s.api.events.v1.Event"},
      {"coordination.k8s.io", "v1", "Lease", "io.k8s.api.coordination.v1.Lease"},
      {"apps", "v1", "Deployment", "io.k8s.api.apps.v1.Deployment"},
      {"apps", "v1", "ReplicaSet", "io.k8s.api.apps.v1.ReplicaSet"},
      {"", "v1", "ReplicationController", "io.k8s.api.core.v1.ReplicationController"},
      {"apps", "v1", "DaemonSet", "io.k8s.api.apps.v1.DaemonSet"},
      {"apps", "v1", "ControllerRevision", "io.k8s.api.apps.v1.ControllerRevision"},
      {"apps", "v1beta2", "DaemonSet", "io.k8s.api.apps.v1beta2.DaemonSet"},
      {"apps", "v1beta2", "ControllerRevision", "io.k8s.api.apps.v1beta2.ControllerRevision"},
      {"batch", "v1", "Job", "io.k8s.api.batch.v1.Job"},
      {"apps", "v1beta2", "Deployment", "io.k8s.api.apps.v1beta2.Deployment"},
      {"apps", "v1beta2", "ReplicaSet", "io.k8s.api.apps.v1beta2.ReplicaSet"},
      {"autoscaling", "v1", "Scale", "io.k8s.api.autoscaling.v1.Scale"},
      {"policy", "v1", "Eviction", "io.k8s.api.policy.v1.Eviction"},
      {"authentication.k8s.io", "v1", "TokenRequest", "io.k8s.api.authentication.v1.TokenRequest"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.full_name);
    const Struct* found = catalog().find_kind(row.group, row.version, row.kind);
    REQUIRE(found != nullptr);
    CHECK(found->full_name == row.full_name);
    CHECK(found->find("apiVersion") != nullptr);
    CHECK(found->find("kind") != nullptr);
  }
}

TEST_CASE("schemas: apps/v1beta2 has the shape of apps/v1") {
  const Struct& old_version = type("io.k8s.api.apps.v1beta2.Deployment");
  const Struct& version = type(kApps + "Deployment");
  REQUIRE(old_version.fields.size() == version.fields.size());
  for (std::size_t i = 0; i < version.fields.size(); ++i) {
    CHECK(old_version.fields[i].name == version.fields[i].name);
    CHECK(old_version.fields[i].type.structure == version.fields[i].type.structure);
  }
  CHECK(old_version.version == "v1beta2");
}

TEST_CASE("schemas: static defaults") {
  struct Row {
    std::string type;
    const char* field;
    Json value;
  };
  const Row rows[] = {
      {kCore + "PodSpec", "restartPolicy", "Always"},
      {kCore + "PodSpec", "dnsPolicy", "ClusterFirst"},
      {kCore + "PodSpec", "schedulerName", "default-scheduler"},
      {kCore + "PodSpec", "terminationGracePeriodSeconds", 30},
      {kCore + "Container", "terminationMessagePath", "/dev/termination-log"},
      {kCore + "Container", "terminationMessagePolicy", "File"},
      {kCore + "Container", "resources", Json::object()},
      {kCore + "EphemeralContainer", "terminationMessagePolicy", "File"},
      {kCore + "ContainerPort", "protocol", "TCP"},
      {kCore + "Probe", "timeoutSeconds", 1},
      {kCore + "Probe", "periodSeconds", 10},
      {kCore + "Probe", "successThreshold", 1},
      {kCore + "Probe", "failureThreshold", 3},
      {kCore + "HTTPGetAction", "path", "/"},
      {kCore + "HTTPGetAction", "scheme", "HTTP"},
      {kCore + "GRPCAction", "service", ""},
      {kCore + "ObjectFieldSelector", "apiVersion", "v1"},
      {kCore + "ResourceFieldSelector", "divisor", "0"},
      {kCore + "ConfigMapVolumeSource", "defaultMode", 420},
      {kCore + "SecretVolumeSource", "defaultMode", 420},
      {kCore + "DownwardAPIVolumeSource", "defaultMode", 420},
      {kCore + "ProjectedVolumeSource", "defaultMode", 420},
      {kCore + "HostPathVolumeSource", "type", ""},
      {kCore + "ServiceAccountTokenProjection", "expirationSeconds", 3600},
      {kCore + "PersistentVolumeClaimSpec", "volumeMode", "Filesystem"},
      {kCore + "NamespaceStatus", "phase", "Active"},
      {kCore + "Secret", "type", "Opaque"},
      {kCore + "Pod", "status", Json::object()},
      {kCore + "ContainerStatus", "lastState", Json::object()},
      {kCore + "ContainerStatus", "restartCount", 0},
      {kCore + "PodCondition", "lastProbeTime", nullptr},
      {kCore + "Event", "eventTime", nullptr},
      {kCore + "Event", "reportingComponent", ""},
      {kMeta + "ObjectMeta", "creationTimestamp", nullptr},
      {kApps + "DeploymentSpec", "replicas", 1},
      {kApps + "DeploymentSpec", "revisionHistoryLimit", 10},
      {kApps + "DeploymentSpec", "progressDeadlineSeconds", 600},
      {kApps + "DeploymentSpec", "strategy", Json::object()},
      {kApps + "DeploymentStrategy", "type", "RollingUpdate"},
      {kApps + "ReplicaSetSpec", "replicas", 1},
      {kApps + "ReplicaSetStatus", "replicas", 0},
      {"io.k8s.api.authentication.v1.TokenRequestSpec", "expirationSeconds", 3600},
  };
  for (const Row& row : rows) {
    CAPTURE(row.type, row.field);
    const Field& found = field(row.type, row.field);
    REQUIRE(found.default_value.has_value());
    CHECK(*found.default_value == row.value);
  }
  // Defaults of these depend on other fields, so strategies set them.
  CHECK_FALSE(field(kCore + "Container", "imagePullPolicy").default_value);
  CHECK_FALSE(field(kCore + "PodSpec", "enableServiceLinks").default_value);
  CHECK_FALSE(field(kApps + "RollingUpdateDeployment", "maxSurge").default_value);
}

TEST_CASE("schemas: what must be given, and what is always there") {
  CHECK(names(type(kCore + "PodSpec"), &Field::required) == NameSet{"containers"});
  CHECK(names(type(kCore + "Container"), &Field::required) == NameSet{"name"});
  CHECK(names(type(kCore + "VolumeMount"), &Field::required) == NameSet{"mountPath", "name"});
  CHECK(names(type(kApps + "DeploymentSpec"), &Field::required) == NameSet{"selector"});
  CHECK(names(type(kApps + "DeploymentSpec"), &Field::always_present) == NameSet{"template"});
  CHECK(names(type(kCore + "ContainerStatus"), &Field::always_present) ==
        NameSet{"image", "imageID", "name", "ready", "restartCount"});
  CHECK(names(type(kCore + "NodeSystemInfo"), &Field::always_present).size() == 10);
  CHECK(names(type(kApps + "ReplicaSetSpec"), &Field::required) == NameSet{"selector"});
  CHECK(names(type(kCore + "PodStatus"), &Field::required).empty());
}

TEST_CASE("schemas: zero and empty values are dropped as upstream drops them") {
  CHECK(names(type(kCore + "PodSpec"), &Field::omit_zero) == NameSet{"hostIPC", "hostNetwork", "hostPID"});
  CHECK(names(type(kApps + "DeploymentStatus"), &Field::omit_zero) ==
        NameSet{"availableReplicas", "observedGeneration", "readyReplicas", "replicas", "unavailableReplicas",
                "updatedReplicas"});
  CHECK(names(type(kCore + "SecurityContext"), &Field::omit_zero).empty());
  CHECK(names(type("io.k8s.api.coordination.v1.LeaseSpec"), &Field::keep_empty) ==
        NameSet{"holderIdentity", "preferredHolder", "strategy"});
  CHECK(field(kCore + "PersistentVolumeClaimSpec", "storageClassName").keep_empty);
  CHECK_FALSE(field(kCore + "EnvVar", "value").keep_empty);
}

TEST_CASE("schemas: how lists are merged") {
  struct Row {
    std::string type;
    const char* field;
    ListType list_type;
    std::vector<std::string> keys;
    bool merge;
    const char* merge_key;
  };
  const Row rows[] = {
      {kCore + "PodSpec", "containers", ListType::kMap, {"name"}, true, "name"},
      {kCore + "PodSpec", "tolerations", ListType::kAtomic, {}, false, ""},
      {kCore + "PodSpec", "hostAliases", ListType::kMap, {"ip"}, true, "ip"},
      {kCore + "PodSpec",
       "topologySpreadConstraints",
       ListType::kMap,
       {"topologyKey", "whenUnsatisfiable"},
       true,
       "topologyKey"},
      {kCore + "Container", "ports", ListType::kMap, {"containerPort", "protocol"}, true, "containerPort"},
      {kCore + "Container", "env", ListType::kMap, {"name"}, true, "name"},
      {kCore + "Container", "envFrom", ListType::kAtomic, {}, false, ""},
      {kCore + "Container", "volumeMounts", ListType::kMap, {"mountPath"}, true, "mountPath"},
      {kCore + "Container", "command", ListType::kAtomic, {}, false, ""},
      {kCore + "PodStatus", "conditions", ListType::kMap, {"type"}, true, "type"},
      {kCore + "PodStatus", "containerStatuses", ListType::kAtomic, {}, false, ""},
      {kCore + "PodStatus", "hostIPs", ListType::kAtomic, {}, true, "ip"},
      {kCore + "NodeSpec", "podCIDRs", ListType::kSet, {}, true, ""},
      {kCore + "NodeSpec", "taints", ListType::kAtomic, {}, false, ""},
      {kCore + "NodeStatus", "addresses", ListType::kMap, {"type"}, true, "type"},
      {kCore + "ServiceAccount", "secrets", ListType::kMap, {"name"}, true, "name"},
      {kMeta + "ObjectMeta", "finalizers", ListType::kSet, {}, true, ""},
      {kMeta + "ObjectMeta", "ownerReferences", ListType::kMap, {"uid"}, true, "uid"},
      {kApps + "DeploymentStatus", "conditions", ListType::kMap, {"type"}, true, "type"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.type, row.field);
    const Field& found = field(row.type, row.field);
    CHECK(found.list_type == row.list_type);
    CHECK(found.list_map_keys == row.keys);
    CHECK(found.patch_merge == row.merge);
    CHECK(found.patch_merge_key == row.merge_key);
  }
  CHECK(field(kCore + "PodSpec", "volumes").patch_retain_keys);
  CHECK(field(kApps + "DeploymentSpec", "strategy").patch_retain_keys);
  CHECK(field(kCore + "PodSpec", "nodeSelector").atomic);
  CHECK(type(kMeta + "LabelSelector").atomic);
  CHECK_FALSE(type(kCore + "PodSpec").atomic);
  // Upstream lets a container name a variable twice: the last one wins.
  CHECK_FALSE(field(kCore + "Container", "env").unique);
  CHECK(field(kCore + "PodSpec", "volumes").unique);
}

TEST_CASE("schemas: what an update may not change") {
  CHECK(field(kApps + "DeploymentSpec", "selector").immutable);
  CHECK(field(kApps + "ReplicaSetSpec", "selector").immutable);
  CHECK(field(kCore + "Secret", "type").immutable);
}

// Golden texts: what a server shows for the least that a client may send, strategies' defaults left aside.
TEST_CASE("schemas: what decoding and defaulting make of a minimal object") {
  struct Row {
    const char* name;
    std::string type;
    const char* input;
    const char* output;
  };
  const Row rows[] = {
      {"Deployment", kApps + "Deployment", R"(
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: false
      containers:
      - name: web
        image: nginx
        args: []
        ports: [{containerPort: 80}]
        livenessProbe: {httpGet: {port: 80}, timeoutSeconds: 0}
)",
       R"(
apiVersion: apps/v1
kind: Deployment
metadata: {creationTimestamp: null, name: web}
spec:
  progressDeadlineSeconds: 600
  replicas: 1
  revisionHistoryLimit: 10
  selector: {matchLabels: {app: web}}
  strategy: {type: RollingUpdate}
  template:
    metadata: {creationTimestamp: null, labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx
        ports: [{containerPort: 80, protocol: TCP}]
        livenessProbe:
          failureThreshold: 3
          httpGet: {path: /, port: 80, scheme: HTTP}
          periodSeconds: 10
          successThreshold: 1
          timeoutSeconds: 1
        resources: {}
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
      dnsPolicy: ClusterFirst
      restartPolicy: Always
      schedulerName: default-scheduler
      terminationGracePeriodSeconds: 30
status: {}
)"},
      {"Event", kCore + "Event", R"(
apiVersion: v1
kind: Event
metadata: {name: e}
involvedObject: {kind: Pod, name: p}
firstTimestamp: null
count: 0
)",
       R"(
apiVersion: v1
kind: Event
metadata: {creationTimestamp: null, name: e}
involvedObject: {kind: Pod, name: p}
eventTime: null
firstTimestamp: null
lastTimestamp: null
reportingComponent: ""
reportingInstance: ""
source: {}
)"},
      {"ContainerStatus", kCore + "ContainerStatus", R"(
name: web
state: {terminated: {exitCode: 0, signal: 0}}
started: false
)",
       R"(
name: web
image: ""
imageID: ""
lastState: {}
ready: false
restartCount: 0
started: false
state: {terminated: {exitCode: 0, startedAt: null, finishedAt: null}}
)"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Result<ParsedJson> input = parse_yaml(row.input);
      Result<ParsedJson> output = parse_yaml(row.output);
      REQUIRE(input);
      REQUIRE(output);
      auto decoded = api::schema::decode(type(row.type), input->value);
      REQUIRE(decoded);
      CHECK(decoded->unknown_fields.empty());
      api::schema::apply_defaults(type(row.type), decoded->object);
      CHECK(decoded->object == output->value);
    }
  }
}

}  // namespace skiff
