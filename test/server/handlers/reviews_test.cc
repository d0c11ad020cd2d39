#include "test/server/handlers/api_server.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

const std::string kAuthorization = "/apis/authorization.k8s.io/v1";
const std::string kAuthentication = "/apis/authentication.k8s.io/v1";

Json entry(const Json& list, const std::string& name) {
  for (const Json& each : list) {
    if (each["name"] == name) return each;
  }
  return nullptr;
}

}  // namespace

TEST_CASE("reviews can be created and nothing else") {
  ApiServer api;
  const Json list = api.get(kAuthorization).json();
  const Json review = entry(list["resources"], "selfsubjectaccessreviews");
  CHECK(review == Json({{"name", "selfsubjectaccessreviews"},
                        {"singularName", "selfsubjectaccessreview"},
                        {"namespaced", false},
                        {"kind", "SelfSubjectAccessReview"},
                        {"verbs", {"create"}}}));
  CHECK(entry(list["resources"], "localsubjectaccessreviews")["namespaced"] == true);
  CHECK(api.get(kAuthorization + "/selfsubjectaccessreviews").status == 405);
  CHECK(api.get(kAuthorization + "/selfsubjectaccessreviews/x").status == 405);
  CHECK(api.post(kAuthorization + "/localsubjectaccessreviews", Json::object()).status == 405);

  const Json group = api.get("/apis/authentication.k8s.io").json();
  CHECK(group["preferredVersion"]["version"] == "v1");
}

TEST_CASE("OpenAPI describes how a review is created") {
  ApiServer api;
  const Json document = api.get("/openapi/v2").json();
  const Json path = document["paths"][kAuthorization + "/selfsubjectaccessreviews"];
  CHECK(path.contains("post"));
  CHECK_FALSE(path.contains("get"));
  CHECK(document["definitions"].contains("io.k8s.api.authorization.v1.SubjectRulesReviewStatus"));
}

TEST_CASE("may I?") {
  const Json review = {{"spec", {{"resourceAttributes", {{"verb", "delete"}, {"resource", "pods"}}}}}};
  ApiServer allowing;
  const Answer yes = allowing.post(kAuthorization + "/selfsubjectaccessreviews", review);
  CHECK(yes.status == 201);
  CHECK(yes.json()["kind"] == "SelfSubjectAccessReview");
  CHECK(yes.json()["spec"] == review["spec"]);
  CHECK(yes.json()["status"] == Json({{"allowed", true}}));

  const Json path = {{"spec", {{"nonResourceAttributes", {{"verb", "get"}, {"path", "/logs"}}}}}};
  CHECK(allowing.post(kAuthorization + "/selfsubjectaccessreviews", path).json()["status"]["allowed"] == true);
}

TEST_CASE("may somebody else?") {
  ApiServer api;
  const Json action = {{"verb", "get"}, {"resource", "pods"}, {"namespace", "prod"}};
  const Json spec = {{"user", "joe"}, {"groups", {"dev"}}, {"extra", {{"a", {"b"}}}}, {"resourceAttributes", action}};
  const Answer answer = api.post(kAuthorization + "/subjectaccessreviews", {{"spec", spec}});
  CHECK(answer.status == 201);
  CHECK(answer.json()["spec"] == spec);
  CHECK(answer.json()["status"] == Json({{"allowed", true}}));

  const Answer local = api.post(kAuthorization + "/namespaces/prod/localsubjectaccessreviews", {{"spec", spec}});
  CHECK(local.status == 201);
  CHECK(local.json()["metadata"]["namespace"] == "prod");
  CHECK(local.json()["status"]["allowed"] == true);

  const Json with_null = {{"user", "joe"}, {"extra", {{"a", nullptr}}}, {"resourceAttributes", action}};
  CHECK(api.post(kAuthorization + "/subjectaccessreviews", {{"spec", with_null}}).status == 201);
}

TEST_CASE("access reviews that say too little or too much") {
  struct Row {
    std::string path;
    Json body;
    std::string message;
  };
  const Json pods = {{"verb", "get"}, {"resource", "pods"}};
  const Json logs = {{"verb", "get"}, {"path", "/logs"}};
  const Json both_selectors = {{"fieldSelector", {{"rawSelector", "a=b"}, {"requirements", {{{"key", "a"}}}}}}};
  const Json bad_requirement = {{"labelSelector", {{"requirements", {{{"key", ""}, {"operator", "In"}}}}}}};
  const Json no_selector = {{"fieldSelector", Json::object()}};
  const std::string self = kAuthorization + "/selfsubjectaccessreviews";
  const std::string other = kAuthorization + "/subjectaccessreviews";
  const std::string local = kAuthorization + "/namespaces/prod/localsubjectaccessreviews";
  const std::string self_invalid = "SelfSubjectAccessReview.authorization.k8s.io \"\" is invalid: ";
  const std::string other_invalid = "SubjectAccessReview.authorization.k8s.io \"\" is invalid: ";
  const std::string local_invalid = "LocalSubjectAccessReview.authorization.k8s.io \"\" is invalid: ";
  const std::vector<Row> rows = {
      {self,
       {{"spec", Json::object()}},
       self_invalid + "spec.resourceAttributes: Invalid value: \"null\": exactly one of nonResourceAttributes or "
                      "resourceAttributes must be specified"},
      {self,
       {{"spec", {{"resourceAttributes", pods}, {"nonResourceAttributes", logs}}}},
       self_invalid + R"(spec.nonResourceAttributes: Invalid value: {"path":"/logs","verb":"get"}: )"
                      "cannot be specified in combination with resourceAttributes"},
      {self,
       {{"metadata", {{"name", "x"}}}, {"spec", {{"resourceAttributes", pods}}}},
       self_invalid + R"(metadata: Invalid value: {"creationTimestamp":null,"name":"x"}: must be empty)"},
      {self,
       {{"spec", {{"resourceAttributes", both_selectors}}}},
       self_invalid + "spec.resourceAttributes.fieldSelector.rawSelector: Invalid value: \"a=b\": may not specified at "
                      "the same time as requirements"},
      {self,
       {{"spec", {{"resourceAttributes", no_selector}}}},
       self_invalid + "spec.resourceAttributes.fieldSelector.requirements: Required value: when "
                      "spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required"},
      {self,
       {{"spec", {{"resourceAttributes", bad_requirement}}}},
       self_invalid + "[spec.resourceAttributes.labelSelector.requirements[0].key: Required value: must be specified, "
                      "spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be specified "
                      "when `operator` is 'In' or 'NotIn']"},
      {other,
       {{"spec", {{"resourceAttributes", pods}}}},
       other_invalid + "spec.user: Invalid value: \"\": at least one of user or group must be specified"},
      {local,
       {{"spec", {{"user", "joe"}, {"resourceAttributes", pods}}}},
       local_invalid + "spec.resourceAttributes.namespace: Invalid value: \"\": must match metadata.namespace"},
      {local,
       {{"spec", {{"user", "joe"}, {"nonResourceAttributes", logs}}}},
       local_invalid + R"(spec.nonResourceAttributes: Invalid value: {"path":"/logs","verb":"get"}: )"
                       "disallowed on this kind of request"},
  };
  ApiServer api;
  for (const Row& row : rows) {
    const Answer answer = api.post(row.path, row.body);
    CHECK(answer.status == 422);
    CHECK(answer.message() == row.message);
  }
  const Answer elsewhere = api.post(local, {{"metadata", {{"namespace", "dev"}}}, {"spec", {{"user", "joe"}}}});
  CHECK(elsewhere.status == 400);
}

TEST_CASE("what may I?") {
  ApiServer api;
  const Answer rules = api.post(kAuthorization + "/selfsubjectrulesreviews", {{"spec", {{"namespace", "default"}}}});
  CHECK(rules.status == 201);
  const Json all = Json::array({"*"});
  CHECK(rules.json()["status"] ==
        Json({{"incomplete", false},
              {"resourceRules", Json::array({{{"verbs", all}, {"apiGroups", all}, {"resources", all}}})},
              {"nonResourceRules", Json::array({{{"verbs", all}, {"nonResourceURLs", all}}})}}));
  const Answer nowhere = api.post(kAuthorization + "/selfsubjectrulesreviews", {{"spec", Json::object()}});
  CHECK(nowhere.status == 400);
  CHECK(nowhere.message() == "no namespace on request");
}

TEST_CASE("who am I?") {
  ApiServer api;
  for (const std::string version : {"v1", "v1beta1"}) {
    const Answer answer = api.post("/apis/authentication.k8s.io/" + version + "/selfsubjectreviews", Json::object());
    CHECK(answer.status == 201);
    CHECK(answer.json() ==
          Json({{"kind", "SelfSubjectReview"},
                {"apiVersion", "authentication.k8s.io/" + version},
                {"metadata", {{"creationTimestamp", "2026-11-22T12:00:00Z"}}},
                {"status", {{"userInfo", {{"username", "alice"}, {"groups", {"system:authenticated"}}}}}}}));
  }
}

TEST_CASE("whose token is this?") {
  ApiServer api;
  const auto review = [&](const Json& spec) { return api.post(kAuthentication + "/tokenreviews", {{"spec", spec}}); };
  const Answer known = review({{"token", "secret"}});
  CHECK(known.status == 201);
  CHECK(known.json()["status"] ==
        Json({{"authenticated", true},
              {"audiences", {"https://kubernetes.default.svc.cluster.local"}},
              {"user", {{"username", "bob"}, {"uid", "7"}, {"groups", {"builders", "system:authenticated"}}}}}));
  const Json nobody = {{"user", Json::object()}, {"error", "invalid bearer token"}};
  CHECK(review({{"token", "guess"}}).json()["status"] == nobody);
  CHECK(review({{"token", "secret"}, {"audiences", {"vault"}}}).json()["status"] == nobody);
  const Answer empty = review(Json::object());
  CHECK(empty.status == 400);
  CHECK(empty.message() == "token is required for TokenReview in authentication");
}
