#include "api/schema/decode.h"

#include "api/schema/schema.h"

#include <catch2/catch.hpp>

using namespace skiff::api::schema;
using skiff::Json;

namespace {

const Struct& kind(std::string_view group, std::string_view version, std::string_view name) {
  static const std::unique_ptr<const Catalog> catalog = Catalog::builtin();
  const Struct* found = catalog->find_kind(group, version, name);
  REQUIRE(found != nullptr);
  return *found;
}

const Struct& pod() { return kind("", "v1", "Pod"); }
const Struct& deployment() { return kind("apps", "v1", "Deployment"); }

// The decoded document, or the error's message.
Json decoded(const Struct& type, const char* text) {
  auto result = decode(type, Json::parse(text));
  return result ? result->object : Json(result.error().message);
}

}  // namespace

TEST_CASE("wrong types are refused in Go's words") {
  struct Row {
    const char* document;
    const char* message;
  };
  const Row row = GENERATE(
      Row{R"({"spec":{"replicas":"5"}})",
          "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"},
      Row{R"({"spec":{"replicas":1.5}})",
          "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"},
      Row{R"({"spec":{"replicas":3000000000}})",
          "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32"},
      Row{R"({"spec":{"paused":"yes"}})",
          "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool"},
      Row{R"({"spec":5})",
          "json: cannot unmarshal number into Go struct field Deployment.spec of type v1.DeploymentSpec"},
      Row{R"({"metadata":{"name":5}})",
          "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string"},
      Row{R"({"metadata":{"labels":{"name":true}}})",
          "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string"},
      Row{R"({"metadata":{"labels":["a"]}})",
          "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string"},
      Row{R"({"metadata":{"finalizers":{}}})",
          "json: cannot unmarshal object into Go struct field ObjectMeta.metadata.finalizers of type []string"},
      Row{R"({"spec":{"template":{"spec":{"containers":{}}}}})",
          "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type "
          "[]v1.Container"},
      Row{R"({"spec":{"template":{"spec":{"containers":[{"env":[{"name":"A","value":1}]}]}}}})",
          "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type "
          "string"},
      Row{R"({"spec":{"template":{"spec":{"containers":[{"resources":{"limits":[]}}]}}}})",
          "json: cannot unmarshal array into Go struct field "
          "ResourceRequirements.spec.template.spec.containers.resources.limits of type v1.ResourceList"},
      Row{R"({"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"cpu":"1 core"}}}]}}}})",
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
      Row{R"({"spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"memory":"1mi"}}}]}}}})",
          "unable to parse quantity's suffix"},
      Row{R"({"metadata":{"creationTimestamp":"yesterday"}})",
          "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"yesterday\" as \"2006\""},
      Row{R"({"metadata":{"creationTimestamp":"2026-11-22 14:00:00Z"}})",
          "parsing time \"2026-11-22 14:00:00Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \" 14:00:00Z\" as "
          "\"T\""},
      Row{R"({"metadata":{"creationTimestamp":"2026-13-22T14:00:00Z"}})",
          "parsing time \"2026-13-22T14:00:00Z\": month out of range"},
      Row{R"({"metadata":{"creationTimestamp":"2026-02-30T14:00:00Z"}})",
          "parsing time \"2026-02-30T14:00:00Z\": day out of range"},
      Row{R"({"metadata":{"creationTimestamp":"2026-11-22T14:00:00Zx"}})",
          "parsing time \"2026-11-22T14:00:00Zx\": extra text: \"x\""},
      Row{R"({"metadata":{"creationTimestamp":"2026-11-22T14:00:00"}})",
          "parsing time \"2026-11-22T14:00:00\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\""},
      Row{R"({"metadata":{"creationTimestamp":5}})", "json: cannot unmarshal number into Go value of type string"},
      Row{R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":{}}}}})",
          "json: cannot unmarshal object into Go value of type int32"},
      Row{R"({"spec":{"strategy":{"rollingUpdate":{"maxSurge":1.5}}}})",
          "json: cannot unmarshal number 1.5 into Go value of type int32"},
      Row{R"({"spec":{"template":{"spec":{"activeDeadlineSeconds":18446744073709551615}}}})",
          "json: cannot unmarshal number 18446744073709551615 into Go struct field "
          "PodSpec.spec.template.spec.activeDeadlineSeconds of type int64"});
  INFO(row.document);
  Json document = Json::parse(row.document);
  document["apiVersion"] = "apps/v1";
  document["kind"] = "Deployment";
  const auto result = decode(deployment(), document);
  REQUIRE_FALSE(result);
  CHECK(result.error().message ==
        "Deployment in version \"v1\" cannot be handled as a Deployment: " + std::string(row.message));
  CHECK(result.error().code() == 400);
}

TEST_CASE("bytes must be base64") {
  const Struct& secret = kind("", "v1", "Secret");
  CHECK(decoded(secret, R"({"data":{"a":"aGk="}})") == Json::parse(R"({"data":{"a":"aGk="}})"));
  CHECK(decoded(secret, R"({"data":{"a":"aG\nk=\n"}})") == Json::parse(R"({"data":{"a":"aGk="}})"));
  CHECK(decoded(secret, R"({"data":{"a":"a*k="}})") ==
        "Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 1");
  CHECK(decoded(secret, R"({"data":{"a":5}})") ==
        "Secret in version \"v1\" cannot be handled as a Secret: json: cannot unmarshal number into Go struct field "
        "Secret.data of type []uint8");
}

TEST_CASE("documents that are not objects are refused") {
  CHECK(decoded(pod(), "[]") ==
        "Pod in version \"v1\" cannot be handled as a Pod: json: cannot unmarshal array into Go value of type v1.Pod");
  CHECK(decoded(pod(), "5").is_string());
}

TEST_CASE("unknown fields are dropped and reported, sorted by path") {
  const auto result = decode(pod(), Json::parse(R"({"zzz":1,"metadata":{"nam":"x","labels":{"any":"thing"}},
      "spec":{"containers":[{"name":"a"},{"name":"b","imag":"x","ports":[{"port":1}]}],"Containers":[]}})"));
  REQUIRE(result);
  CHECK(result->unknown_fields ==
        std::vector<std::string>{"unknown field \"metadata.nam\"", "unknown field \"spec.Containers\"",
                                 "unknown field \"spec.containers[1].imag\"",
                                 "unknown field \"spec.containers[1].ports[0].port\"", "unknown field \"zzz\""});
  CHECK(result->object == Json::parse(R"({"metadata":{"labels":{"any":"thing"}},
      "spec":{"containers":[{"name":"a"},{"name":"b","ports":[{}]}]}})"));
}

TEST_CASE("nulls and empty values are dropped as omitempty does") {
  CHECK(decoded(pod(), R"({"metadata":{"name":null,"labels":{},"annotations":{"a":"","b":null},"finalizers":[]},
      "spec":{"hostNetwork":false,"priority":0,"nodeName":"","securityContext":{},"hostname":null,
              "containers":[null,{"args":[null,""],"stdin":false,"env":[{"name":"A","value":""}]}]}})") ==
        Json::parse(R"({"metadata":{"annotations":{"a":"","b":""}},
      "spec":{"priority":0,"securityContext":{},"containers":[{},{"args":["",""],"env":[{"name":"A"}]}]}})"));
}

TEST_CASE("quantities and times are brought into canonical form") {
  CHECK(decoded(pod(), R"({"metadata":{"creationTimestamp":"2026-11-22T16:53:01.5+02:00"},
      "spec":{"containers":[{"resources":{"limits":{"cpu":0.5,"memory":"1024Mi","x":" 3 "}}}]}})") ==
        Json::parse(R"({"metadata":{"creationTimestamp":"2026-11-22T14:53:01Z"},
      "spec":{"containers":[{"resources":{"limits":{"cpu":"500m","memory":"1Gi","x":"3"}}}]}})"));
  const Struct& lease = kind("coordination.k8s.io", "v1", "Lease");
  CHECK(decoded(lease, R"({"spec":{"renewTime":"2026-11-22T14:53:01.123456Z"}})")["spec"]["renewTime"] ==
        "2026-11-22T14:53:01.123456Z");
  CHECK(decoded(lease, R"({"spec":{"renewTime":"2026-11-22T14:53:01Z"}})") ==
        "Lease in version \"v1\" cannot be handled as a Lease: parsing time \"2026-11-22T14:53:01Z\" as "
        "\"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\"");
}

TEST_CASE("defaults are put in from the outside in") {
  Json object = Json::parse(R"({"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{
      "containers":[{"name":"a","ports":[{"containerPort":80}]}]}}}})");
  apply_defaults(deployment(), object);
  CHECK(object["spec"]["replicas"] == 1);
  CHECK(object["spec"]["revisionHistoryLimit"] == 10);
  CHECK(object["spec"]["progressDeadlineSeconds"] == 600);
  CHECK(object["spec"]["strategy"]["type"] == "RollingUpdate");
  const Json& spec = object["spec"]["template"]["spec"];
  CHECK(spec["restartPolicy"] == "Always");
  CHECK(spec["dnsPolicy"] == "ClusterFirst");
  CHECK(spec["terminationGracePeriodSeconds"] == 30);
  CHECK(spec["containers"][0]["terminationMessagePath"] == "/dev/termination-log");
  CHECK(spec["containers"][0]["resources"] == Json::object());
  CHECK(spec["containers"][0]["ports"][0]["protocol"] == "TCP");
  CHECK(object["metadata"]["creationTimestamp"] == nullptr);
  CHECK(object["status"] == Json::object());
  const Json once = object;
  apply_defaults(deployment(), object);
  CHECK(object == once);
  const auto again = decode(deployment(), object);
  REQUIRE(again);
  CHECK(again->unknown_fields.empty());
}

TEST_CASE("given values are not replaced by defaults") {
  Json object = Json::parse(R"({"spec":{"replicas":0,"template":{"spec":{"restartPolicy":"Never"}}}})");
  apply_defaults(deployment(), object);
  CHECK(object["spec"]["replicas"] == 0);
  CHECK(object["spec"]["template"]["spec"]["restartPolicy"] == "Never");
}
