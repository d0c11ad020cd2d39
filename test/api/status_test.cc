#include "api/status.h"

#include "api/field_error.h"

#include <catch2/catch.hpp>

using namespace skiff::api;
using skiff::Json;

TEST_CASE("statuses have upstream's words") {
  const Status missing = not_found("apps", "deployments", "web");
  CHECK(to_json(missing) == Json::parse(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
      "message":"deployments.apps \"web\" not found","reason":"NotFound","code":404,
      "details":{"name":"web","group":"apps","kind":"deployments"}})"));
  CHECK(to_json(bad_request("no")) == Json::parse(R"({"kind":"Status","apiVersion":"v1","metadata":{},
      "status":"Failure","message":"no","reason":"BadRequest","code":400})"));
  CHECK(already_exists("", "pods", "a").message == "pods \"a\" already exists");
  CHECK(object_modified("", "pods", "a").message ==
        "Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply your changes to the "
        "latest version and try again");
  CHECK(forbidden("", "pods", "a", "no").message == "pods \"a\" is forbidden: no");
  CHECK(forbidden("", "pods", "", "no").message == "pods is forbidden: no");
  CHECK(forbidden("", "", "", "no").message == "forbidden: no");
  CHECK(method_not_allowed("", "pods", "create").message == "create is not supported on resources of kind \"pods\"");
  CHECK(to_json(unauthorized())["code"] == 401);
  CHECK(internal_error("x").message == "Internal error occurred: x");
  CHECK(internal_error("x").causes.front().message == "x");
  CHECK(timeout("x").message == "Timeout: x");
  CHECK(expired("x").code() == 410);
}

TEST_CASE("a status survives the wire") {
  Status status = conflict("apps", "deployments", "web", "why");
  status.uid = "u";
  status.retry_after_seconds = 3;
  status.continue_token = "t";
  status.causes.push_back({"r", "m", "f"});
  CHECK(to_json(status_from_json(to_json(status), 500)) == to_json(status));
  status.code_override = 418;
  CHECK(status_from_json(to_json(status), 500).code() == 418);
  const Status other = status_from_json(Json("proxy says no"), 502);
  CHECK(other.reason == Reason::kUnknown);
  CHECK(other.code() == 502);
  CHECK(other.message == "proxy says no");
  CHECK(status_from_json(Json::parse(R"({"kind":"Status","code":404})"), 500).reason == Reason::kNotFound);
}

TEST_CASE("every reason has its text, and back") {
  for (int i = 1; i <= static_cast<int>(Reason::kTimeout); ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(reason_from_string(to_string(reason)) == reason);
    CHECK(http_code(reason) >= 400);
  }
  CHECK(to_string(Reason::kTimeout) == "Timeout");
  CHECK(http_code(Reason::kTimeout) == 504);
  CHECK(to_string(Reason::kInvalid) == "Invalid");
  CHECK(http_code(Reason::kInvalid) == 422);
}

TEST_CASE("field errors read as upstream's") {
  FieldErrors errors;
  errors.required("spec.containers");
  errors.required("metadata.name", "name or generateName is required");
  errors.invalid("a", "B\n", "must be lower");
  errors.invalid("a", -1, "must be greater than or equal to 0");
  errors.duplicate("a[1]", "x");
  errors.not_supported("a", "x", {"A", "B"});
  errors.forbidden("a", "no");
  errors.too_long("a", 63);
  errors.too_many("a", 5, 3);
  errors.not_found("a", "x");
  std::vector<std::string> messages;
  for (const FieldError& error : errors.all()) messages.push_back(error.message());
  CHECK(messages == std::vector<std::string>{
                        "spec.containers: Required value",
                        "metadata.name: Required value: name or generateName is required",
                        "a: Invalid value: \"B\\n\": must be lower",
                        "a: Invalid value: -1: must be greater than or equal to 0",
                        "a[1]: Duplicate value: \"x\"",
                        "a: Unsupported value: \"x\": supported values: \"A\", \"B\"",
                        "a: Forbidden: no",
                        "a: Too long: may not be more than 63 bytes",
                        "a: Too many: 5: must have at most 3 items",
                        "a: Not found: \"x\"",
                    });
}

TEST_CASE("an invalid object's status lists every cause and says equal things once") {
  FieldErrors one;
  one.required("spec.selector");
  const Status status = invalid("apps", "Deployment", "web", one);
  CHECK(status.message == "Deployment.apps \"web\" is invalid: spec.selector: Required value");
  CHECK(status.code() == 422);
  CHECK(to_json(status)["details"] == Json::parse(R"({"name":"web","group":"apps","kind":"Deployment",
      "causes":[{"reason":"FieldValueRequired","message":"Required value","field":"spec.selector"}]})"));
  FieldErrors several;
  several.required("a");
  several.required("b");
  several.required("a");
  CHECK(invalid("", "Pod", "x", several).message == "Pod \"x\" is invalid: [a: Required value, b: Required value]");
  CHECK(invalid("", "Pod", "x", several).causes.size() == 3);
}

TEST_CASE("paths are built as upstream's") {
  CHECK(child("spec", "replicas") == "spec.replicas");
  CHECK(child("", "spec") == "spec");
  CHECK(skiff::api::index("a", 3) == "a[3]");
  CHECK(key("data", "x.y") == "data[x.y]");
}
