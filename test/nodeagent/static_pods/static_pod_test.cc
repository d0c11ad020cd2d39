#include "nodeagent/static_pods/static_pod.h"

#include "api/views/meta.h"
#include "api/views/static_pods.h"
#include "test/nodeagent/static_pods/manifests.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

const TimePoint kStaticNow = *parse_time("2026-11-22T12:00:00Z");
const ManifestSource kFile{ManifestSource::Kind::kFile, "/etc/kubelet.d/static-web.yaml", "N1"};
const ManifestSource kUrl{ManifestSource::Kind::kHttp, "http://manifests/web", "N1"};

Result<std::vector<Json>> read(const std::string& text, const ManifestSource& source = kFile) {
  return read_static_pods(text, source, kStaticNow, test::simple_rules());
}

Json read_one(const std::string& text, const ManifestSource& source = kFile) {
  const auto pods = read(text, source);
  REQUIRE(pods.has_value());
  REQUIRE(pods->size() == 1);
  return pods->front();
}

std::string problem(const std::string& text, const ManifestSource& source = kFile) {
  const auto pods = read(text, source);
  return pods ? "" : pods.error().message;
}

const Json kStaticNode = {{"metadata", {{"name", "n1"}, {"uid", "uid-of-n1"}}}};

}  // namespace

TEST_CASE("a manifest becomes a pod of its node") {
  const Json pod = read_one(test::web_manifest());
  CHECK(api::name_of(pod) == "static-web-n1");
  CHECK(api::namespace_of(pod) == "default");
  CHECK(pod["metadata"]["labels"] == Json{{"role", "myrole"}});
  CHECK(pod["spec"]["nodeName"] == "N1");
  CHECK(pod["spec"]["terminationGracePeriodSeconds"] == 30);
  CHECK(pod["spec"]["tolerations"] == Json::array({{{"operator", "Exists"}, {"effect", "NoExecute"}}}));
  const std::string uid = api::uid_of(pod);
  CHECK(uid.size() == 32);
  CHECK(pod["metadata"]["annotations"] == Json{{"kubernetes.io/config.hash", uid},
                                               {"kubernetes.io/config.seen", "2026-11-22T12:00:00.000000000Z"},
                                               {"kubernetes.io/config.source", "file"}});
  CHECK_FALSE(api::is_mirror_pod(pod));

  SECTION("the same manifest is the same pod, in JSON as well") {
    const auto document = parse_yaml(test::web_manifest());
    CHECK(api::uid_of(read_one(to_json_text(document->value))) == uid);
  }
  SECTION("what the uid depends on") {
    CHECK(api::uid_of(read_one(test::web_manifest("nginx:1.14"))) != uid);
    ManifestSource other = kFile;
    other.place += ".bak";
    CHECK(api::uid_of(read_one(test::web_manifest(), other)) != uid);
    other = kFile;
    other.node_name = "n2";
    CHECK(api::uid_of(read_one(test::web_manifest(), other)) != uid);
  }
  SECTION("one of a URL is evicted as others are") {
    const Json remote = read_one(test::web_manifest(), kUrl);
    CHECK_FALSE(remote["spec"].contains("tolerations"));
    CHECK(*api::annotation_of(remote, api::kConfigSourceAnnotation) == "http");
  }
}

TEST_CASE("a manifest says nothing about a pod's history") {
  const Json pod = read_one(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"prod","uid":"../..",
      "resourceVersion":"7","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["a/b"],
      "annotations":{"kubernetes.io/config.mirror":"1","mine":"2"}},
      "spec":{"containers":[],"tolerations":[{"operator":"Exists","effect":"NoExecute"}]},"status":{"phase":"Failed"}})");
  CHECK(api::key_of(pod) == api::NamespacedName{"prod", "x-n1"});
  CHECK(api::uid_of(pod).size() == 32);
  CHECK(pod["metadata"].size() == 4);
  CHECK(pod["metadata"]["annotations"]["mine"] == "2");
  CHECK_FALSE(api::is_mirror_pod(pod));
  CHECK(pod["spec"]["tolerations"].size() == 1);
  CHECK_FALSE(pod.contains("status"));
}

TEST_CASE("manifests that are of no use") {
  CHECK(problem("a: [b").starts_with("/etc/kubelet.d/static-web.yaml: couldn't parse as pod("));
  CHECK(problem("") != "");
  CHECK(problem(R"({"apiVersion":"apps/v1","kind":"Deployment"})") ==
        "/etc/kubelet.d/static-web.yaml: couldn't parse as pod(no Pod), please check config file");
  CHECK(problem(R"({"apiVersion":"v1","kind":"Pod","spec":{"containers":[]}})") ==
        "invalid pod: name is needed for the pod");
  CHECK(problem(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{}})") ==
        "invalid pod: [spec.containers: Required value]");
}

TEST_CASE("static pods refer to no objects of the API") {
  struct Row {
    const char* name;
    const char* spec;
    const char* what;  // "": nothing
  };
  const Row rows[] = {
      {"service account", R"({"serviceAccountName":"build"})", "serviceaccounts"},
      {"pull secret", R"({"imagePullSecrets":[{"name":"r"}]})", "secrets"},
      {"variable from a secret",
       R"({"containers":[{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]})", "secrets"},
      {"environment from a secret", R"({"initContainers":[{"envFrom":[{"secretRef":{"name":"s"}}]}]})", "secrets"},
      {"secret volume", R"({"volumes":[{"name":"v","secret":{"secretName":"s"}}]})", "secrets"},
      {"projected secret", R"({"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"s"}}]}}]})",
       "secrets"},
      {"variable from a ConfigMap",
       R"({"containers":[{"env":[{"name":"A","valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}]}]})",
       "configmaps"},
      {"environment from a ConfigMap", R"({"containers":[{"envFrom":[{"configMapRef":{"name":"c"}}]}]})", "configmaps"},
      {"ConfigMap volume", R"({"volumes":[{"name":"v","configMap":{"name":"c"}}]})", "configmaps"},
      {"projected ConfigMap", R"({"volumes":[{"name":"v","projected":{"sources":[{"configMap":{"name":"c"}}]}}]})",
       "configmaps"},
      {"claim", R"({"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}}]})", "persistentvolumeclaims"},
      {"ephemeral claim", R"({"volumes":[{"name":"v","ephemeral":{}}]})",
       "persistentvolumeclaims (via ephemeral volumes)"},
      {"token", R"({"volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"token"}}]}}]})",
       "serviceaccounts (via projected volumes)"},
      {"resource claim", R"({"resourceClaims":[{"name":"gpu"}]})", "resourceclaims"},
      {"fields and the host's files",
       R"({"containers":[{"env":[{"name":"A","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}],
           "volumes":[{"name":"a","hostPath":{"path":"/x"}},{"name":"b","emptyDir":{}},
                      {"name":"c","projected":{"sources":[{"downwardAPI":{}}]}}]})",
       ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json manifest = parse_json(row.spec)->value;
    manifest = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", "x"}}}, {"spec", manifest}};
    if (!manifest["spec"].contains("containers")) manifest["spec"]["containers"] = Json::array();
    const std::string expected = row.what;
    CHECK(problem(to_json_text(manifest)) ==
          (expected.empty() ? expected : "static pods may not reference " + expected));
  }
}

TEST_CASE("a URL may have a list of pods, and a file one pod") {
  const std::string list = R"({"apiVersion":"v1","kind":"PodList","items":[
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[]}},
      {"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[]}}]})";
  const auto pods = read(list, kUrl);
  REQUIRE(pods.has_value());
  REQUIRE(pods->size() == 2);
  CHECK(api::name_of((*pods)[1]) == "b-n1");
  CHECK(problem(list, kFile) != "");
  CHECK(read(R"({"apiVersion":"v1","kind":"PodList","items":[]})", kUrl)->empty());
}

TEST_CASE("a mirror shows its pod and belongs to the node") {
  Json pod = read_one(test::web_manifest());
  pod["status"] = {{"phase", "Running"}};
  const Json mirror = make_mirror_pod(pod, kStaticNode);
  CHECK(api::key_of(mirror) == api::key_of(pod));
  CHECK(api::uid_of(mirror).empty());
  CHECK_FALSE(mirror.contains("status"));
  CHECK(mirror["spec"] == pod["spec"]);
  CHECK(mirror["metadata"]["ownerReferences"] == parse_json(R"([{"apiVersion":"v1","kind":"Node","name":"n1",
                                                                 "uid":"uid-of-n1","controller":true}])")
                                                     ->value);
  CHECK(*api::annotation_of(mirror, api::kConfigMirrorAnnotation) == api::uid_of(pod));
  CHECK(api::is_mirror_pod(mirror));
  CHECK(is_mirror_of(mirror, pod));
  CHECK_FALSE(is_mirror_of(mirror, read_one(test::web_manifest("nginx:1.14"))));
  CHECK_FALSE(is_mirror_of(pod, pod));
}
