// What clients are told in Warning headers about objects that are valid.
#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

using Texts = std::vector<std::string>;

// A manifest that cannot fail to be one.
Json json(const std::string& text) { return parse_json(text)->value; }

Texts warnings_of(const api::ResourceType& resource, Json object) {
  Cluster cluster;
  const auto created = cluster.create(resource, std::move(object));
  INFO(message_of(created));
  REQUIRE(created);
  return cluster.context.warnings;
}

// A pod whose specification has these members besides its container.
Json pod_with(const std::string& members) {
  Json object = pod("web");
  object["spec"].update(json(members));
  return object;
}

Json deployment_with(const std::string& members) {
  Json object = deployment("web");
  object["spec"]["template"]["spec"].update(json(members));
  return object;
}

struct WarningRow {
  const char* name;
  const char* spec;
  Texts warnings;
};

const WarningRow kRows[] = {
    {"nothing to say", "{}", {}},
    {"a node label with a new name",
     R"({"nodeSelector":{"beta.kubernetes.io/os":"linux"}})",
     {"spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"}},
    {"old labels in affinities",
     R"({"affinity":{"nodeAffinity":{
         "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[
           {"key":"failure-domain.beta.kubernetes.io/zone","operator":"Exists"}]}]},
         "preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{"matchExpressions":[
           {"key":"kubernetes.io/os","operator":"Exists"},{"key":"beta.kubernetes.io/arch","operator":"Exists"}]}}]}}})",
     {"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]."
      "matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "
      "\"topology.kubernetes.io/zone\" instead",
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[1]."
      "key: beta.kubernetes.io/arch is deprecated since v1.14; use \"kubernetes.io/arch\" instead"}},
    {"spreading",
     R"({"topologySpreadConstraints":[{"maxSkew":1,"whenUnsatisfiable":"DoNotSchedule",
         "topologyKey":"failure-domain.beta.kubernetes.io/region"}]})",
     {"spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/region is deprecated since "
      "v1.17; use \"topology.kubernetes.io/region\" instead",
      "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod"}},
    {"a volume that is no more",
     R"({"volumes":[{"name":"a","gitRepo":{"repository":"r"}}]})",
     {"spec.volumes[0].gitRepo: deprecated in v1.11"}},
    {"a file in the place of a token",
     R"({"volumes":[{"name":"a","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}},
         {"name":"b","projected":{"sources":[{"secret":{"name":"s","items":[{"key":"k","path":"token"}]}}]}}]})",
     {"spec.volumes[1].projected.sources.secrets[0]: has duplicated path with ServiceAccountToken \"token\""}},
    {"names that come twice",
     R"({"hostAliases":[{"ip":"10.0.0.1","hostnames":["a"]},{"ip":"10.0.0.1","hostnames":["b"]}],
         "imagePullSecrets":[{"name":"a"},{"name":"a"},{"name":""}]})",
     {"spec.hostAliases[1].ip: duplicate ip \"10.0.0.1\"", "spec.imagePullSecrets[1].name: duplicate name \"a\"",
      "spec.imagePullSecrets[2].name: invalid empty name \"\""}},
    {"parts of a byte",
     R"({"containers":[{"name":"c","image":"i","resources":{"requests":{"memory":"100m"},
         "limits":{"memory":"100m"}}}]})",
     {"spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
      "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer"}},
    {"hidden variables",
     R"~({"containers":[{"name":"c","image":"i","env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},
         {"name":"A","value":"3"},{"name":"A","value":"$(A)"}]}]})~",
     {"spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply",
      "spec.containers[0].env[3]: hides previous definition of \"A\", which may be dropped when using apply"}},
    {"ports that clash",
     R"({"containers":[{"name":"c","image":"i","ports":[{"containerPort":80},{"containerPort":80},
         {"containerPort":80,"protocol":"UDP"},{"containerPort":81,"hostIP":"10.0.0.1"}]},
         {"name":"d","image":"i","ports":[{"containerPort":80,"hostPort":8080}]}]})",
     {"spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
      "spec.containers[0].ports[3]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP "
      "HostIP:10.0.0.1}",
      "spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[0]",
      "spec.containers[1].ports[0]: overlapping port definition with spec.containers[0].ports[1]"}},
    {"affinity to no pod",
     R"({"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
         {"topologyKey":"kubernetes.io/hostname"}]}}})",
     {"spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null "
      "labelSelector results in matching no pod"}},
};

}  // namespace

TEST_CASE("warnings about pods and templates") {
  for (const WarningRow& row : kRows) {
    INFO(row.name);
    CHECK(warnings_of(api::kPods, pod_with(row.spec)) == row.warnings);
    Texts of_template;
    for (std::string warning : row.warnings) {
      // Both the path in front and those inside of the sentence.
      for (std::size_t at = warning.find("spec."); at != std::string::npos; at = warning.find(" spec.", at + 14)) {
        warning.insert(warning[at] == ' ' ? at + 1 : at, "spec.template.");
      }
      of_template.push_back(std::move(warning));
    }
    CHECK(warnings_of(api::kDeployments, deployment_with(row.spec)) == of_template);
  }
}

TEST_CASE("warnings that nobody wants are not looked for") {
  Cluster cluster;
  cluster.context.wants_warnings = false;
  REQUIRE(cluster.create(api::kPods, pod_with(kRows[0].spec)));
  CHECK(cluster.context.warnings.empty());
}

TEST_CASE("warnings about annotations of pods") {
  Json object = pod("web");
  object["metadata"]["annotations"] = json(R"({"scheduler.alpha.kubernetes.io/critical-pod":"",
      "container.apparmor.security.beta.kubernetes.io/web":"unconfined"})");
  CHECK(warnings_of(api::kPods, object) ==
        Texts{"metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "
              "\"priorityClassName\" field instead",
              "metadata.annotations[container.apparmor.security.beta.kubernetes.io/web]: deprecated since v1.30; use "
              "the \"appArmorProfile\" field instead"});
}

TEST_CASE("names that are no DNS labels") {
  const std::string is_no_label =
      ", which can result in surprising behavior; a DNS label is recommended: [must not contain dots]";
  CHECK(warnings_of(api::kPods, pod("web.1")) ==
        Texts{"metadata.name: this is used in the Pod's hostname" + is_no_label});
  CHECK(warnings_of(api::kDeployments, deployment("web.1")) ==
        Texts{"metadata.name: this is used in Pod names and hostnames" + is_no_label});
}

TEST_CASE("templates are warned about when the specification changes") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kDeployments, deployment_with(R"({"nodeSelector":{"beta.kubernetes.io/os":"linux"}})")));
  cluster.context.warnings.clear();
  REQUIRE(
      cluster.patch(api::kDeployments, "web", api::PatchType::kMerge, json(R"({"metadata":{"labels":{"a":"b"}}})")));
  CHECK(cluster.context.warnings.empty());
  REQUIRE(cluster.patch(api::kDeployments, "web", api::PatchType::kMerge, json(R"({"spec":{"replicas":2}})")));
  CHECK(cluster.context.warnings ==
        Texts{"spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "
              "\"kubernetes.io/os\" instead"});
}

TEST_CASE("warnings about other kinds") {
  CHECK(warnings_of(api::kServices, json(R"({"metadata":{"name":"a"},"spec":{"clusterIP":"None",
      "sessionAffinity":"ClientIP","externalIPs":["1.2.3.4"],"ports":[{"port":80}]}})")) ==
        Texts{"spec.externalIPs is ignored for headless services",
              "spec.SessionAffinity is ignored for headless services"});
  CHECK(warnings_of(api::kIngresses, json(R"({"metadata":{"name":"a",
      "annotations":{"kubernetes.io/ingress.class":"nginx"}},
      "spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}}}}})")) ==
        Texts{"annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"});
  CHECK(warnings_of(api::kPersistentVolumes, json(R"({"metadata":{"name":"a"},"spec":{"capacity":{"storage":"1Gi"},
      "accessModes":["ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Recycle","hostPath":{"path":"/a"}}})")) ==
        Texts{"spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended "
              "approach is to use dynamic provisioning."});
  CHECK(warnings_of(api::kPersistentVolumeClaims, json(R"({"metadata":{"name":"a"},"spec":{
      "accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1500m"}}}})")) ==
        Texts{"spec.resources.requests[storage]: fractional byte value \"1500m\" is invalid, must be an integer"});
}

TEST_CASE("a Job that is deleted without a word about its pods") {
  const Json job = json(R"({"metadata":{"name":"a"},"spec":{"template":{"spec":{"restartPolicy":"Never",
      "containers":[{"name":"c","image":"i"}]}}}})");
  const Texts preserved{
      "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
      "set propagationPolicy=Orphan to suppress this warning"};
  for (const char* policy : {"", "Orphan", "Background"}) {
    INFO(policy);
    Cluster cluster;
    REQUIRE(cluster.create(api::kJobs, job));
    api::DeleteOptions options;
    options.propagation_policy = policy;
    REQUIRE(cluster.remove(api::kJobs, "a", options));
    CHECK(cluster.context.warnings == (std::string_view(policy).empty() ? preserved : Texts()));
  }
  Cluster cluster;
  REQUIRE(run(cluster.io, cluster.registry.remove_collection(cluster.context, cluster.kind(api::kJobs), "default",
                                                             server::ListParams(), api::DeleteOptions())));
  CHECK(cluster.context.warnings == preserved);
}
