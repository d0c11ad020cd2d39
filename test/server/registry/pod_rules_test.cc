#include "server/registry/pod_rules.h"

#include <catch2/catch.hpp>

using namespace skiff;

namespace {

const server::PodRules& rules() {
  static const server::PodRules made;
  return made;
}

Json parse(const char* text) { return parse_json(text)->value; }

}  // namespace

TEST_CASE("a manifest becomes a pod as the API has it") {
  const auto pod = rules().decode(parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"unknown":1,
      "spec":{"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}]}]}})"));
  REQUIRE(pod.has_value());
  const Json& spec = (*pod)["spec"];
  CHECK(spec["restartPolicy"] == "Always");
  CHECK(spec["terminationGracePeriodSeconds"] == 30);
  CHECK(spec["containers"][0]["imagePullPolicy"] == "Always");
  CHECK(spec["containers"][0]["ports"][0]["protocol"] == "TCP");
  CHECK_FALSE(pod->contains("unknown"));
  CHECK(rules().validate(*pod).has_error());  // it has no namespace yet
}

TEST_CASE("what is no pod") {
  for (const char* text : {"[]", "1", "{}", R"({"kind":"Pod"})", R"({"apiVersion":"v1","kind":"Service"})",
                           R"({"apiVersion":"v1","kind":"Pod","spec":[]})",
                           R"({"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":1}}})"}) {
    INFO(text);
    const auto pod = rules().decode(parse(text));
    CHECK(pod.has_error());
  }
}

TEST_CASE("all findings about a pod are told") {
  const auto pod = rules().decode(parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b"},
      "spec":{"containers":[{"name":"c"}],"restartPolicy":"Sometimes"}})"));
  REQUIRE(pod.has_value());
  const auto valid = rules().validate(*pod);
  REQUIRE(valid.has_error());
  CHECK(valid.error().message.find("spec.containers[0].image: Required value") != std::string::npos);
  CHECK(valid.error().message.find("spec.restartPolicy: Unsupported value: \"Sometimes\"") != std::string::npos);
}
