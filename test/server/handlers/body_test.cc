#include "server/handlers/body.h"

#include "test/api/protobuf/kubectl_bodies.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

Request with_body(std::string body, const std::string& content_type = "application/json") {
  Request request;
  request.headers.add("Content-Type", content_type);
  request.body = std::move(body);
  return request;
}

const api::schema::Catalog& catalog() {
  static const std::unique_ptr<const api::schema::Catalog> catalog = api::schema::Catalog::builtin();
  return *catalog;
}

}  // namespace

TEST_CASE("bodies in both notations") {
  const Json expected = {{"kind", "Pod"}, {"metadata", {{"name", "x"}}}};
  CHECK(read_body(with_body(R"({"kind":"Pod","metadata":{"name":"x"}})"), "Pod", catalog())->document == expected);
  CHECK(read_body(with_body("kind: Pod\nmetadata:\n  name: x\n", "application/yaml"), "Pod", catalog())->document ==
        expected);
}

TEST_CASE("repeated members are reported") {
  const auto body = read_body(with_body(R"({"kind":"Pod","spec":{"a":1,"a":2}})"), "Pod", catalog());
  REQUIRE(body);
  CHECK(body->duplicate_fields == std::vector<std::string>{"spec.a"});
  CHECK(body->document["spec"]["a"] == 2);
}

TEST_CASE("bodies that are refused") {
  SECTION("empty") {
    const auto body = read_body(with_body(""), "Pod", catalog());
    REQUIRE_FALSE(body);
    CHECK(body.error().code() == 400);
    CHECK(body.error().message ==
          "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
          "unexpected end of JSON input (<empty>)");
  }
  SECTION("malformed, quoted as it is") {
    const auto body = read_body(with_body("{\"kind\": \"Pod\", \"metadata\": {\"name\":"), "Pod", catalog());
    REQUIRE_FALSE(body);
    CHECK(body.error().message.ends_with("({\"kind\": \"Pod\", \"metadata\": {\" ...)"));
  }
  SECTION("malformed, quoted in hexadecimal") {
    const auto body = read_body(with_body("nonsense"), "Pod", catalog());
    REQUIRE_FALSE(body);
    CHECK(
        body.error().message.ends_with("; json parse error: invalid character 'o' in literal null (expecting 'u') "
                                       "(6e6f6e73656e7365)"));
  }
  SECTION("not an object") {
    const auto body = read_body(with_body("[1]"), "Pod", catalog());
    REQUIRE_FALSE(body);
    CHECK(body.error().message ==
          "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
          "json: cannot unmarshal array into Go value of type struct { APIVersion string "
          "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" } (5b315d)");
  }
  SECTION("nested without end") {
    const auto body = read_body(with_body(std::string(1 << 20, '[')), "Pod", catalog());
    REQUIRE_FALSE(body);
    CHECK(body.error().code() == 400);
  }
  SECTION("another media type") {
    const auto body = read_body(with_body("x", "application/cbor"), "Pod", catalog());
    REQUIRE_FALSE(body);
    CHECK(body.error().code() == 415);
  }
}

TEST_CASE("what kubectl 1.32 sends in the protocol buffer form") {
  const auto sent = [](std::string_view command) {
    return with_body(api::protobuf::from_hex(api::protobuf::kubectl_body(command).protobuf),
                     "application/vnd.kubernetes.protobuf");
  };
  SECTION("an object") {
    const auto body = read_body(sent("create configmap x --from-literal=a=b"), "ConfigMap", catalog());
    REQUIRE(body);
    CHECK(string_at(body->document, {"kind"}) == "ConfigMap");
    CHECK(string_at(body->document, {"apiVersion"}) == "v1");
    CHECK(body->document["data"] == Json({{"a", "b"}}));
    CHECK(body->duplicate_fields.empty());
  }
  SECTION("a body of a fixed kind") {
    const api::schema::Struct& type = *catalog().find_kind("authentication.k8s.io", "v1", "TokenRequest");
    const auto request = read_body_as(sent("create token sa --duration=1h"), type, catalog());
    REQUIRE(request);
    CHECK(integer_at(*request, {"spec", "expirationSeconds"}) == 3600);
    CHECK(read_body_as(sent("create namespace x"), type, catalog()).error().code() == 400);
  }
  SECTION("delete options") {
    const auto query = read_delete_options(sent("drain n1 --force --disable-eviction"), catalog());
    REQUIRE(query);
    CHECK_FALSE(query->options.grace_period_seconds);
    CHECK(read_delete_options(sent("create namespace x"), catalog()).error().code() == 400);
  }
  SECTION("cut off") {
    Request request = sent("create configmap x --from-literal=a=b");
    request.body.resize(30);
    const auto body = read_body(request, "ConfigMap", catalog());
    REQUIRE_FALSE(body);
    CHECK(body.error().code() == 400);
    CHECK(body.error().message ==
          "the object provided is unrecognized (must be of type ConfigMap): unexpected EOF "
          "(6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a01781200)");
  }
}

TEST_CASE("a body of a fixed kind may leave it out but not name another") {
  const api::schema::Struct& type = *catalog().find_kind("policy", "v1", "Eviction");
  CHECK(read_body_as(with_body("{}"), type, catalog()));
  CHECK(read_body_as(with_body(R"({"kind":"Eviction","apiVersion":"policy/v1"})"), type, catalog()));
  const auto other = read_body_as(with_body(R"({"kind":"Eviction","apiVersion":"apps/v1"})"), type, catalog());
  REQUIRE_FALSE(other);
  CHECK(other.error().message ==
        "Eviction in version \"v1\" cannot be handled as a Eviction: no kind \"Eviction\" is registered for version "
        "\"apps/v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"");
  CHECK(read_body_as(with_body(R"({"metadata":7})"), type, catalog()).error().code() == 400);
}

TEST_CASE("delete options come from the body if there is one") {
  Request request = with_body("");
  request.query.emplace_back("gracePeriodSeconds", "5");
  CHECK(read_delete_options(request, catalog())->options.grace_period_seconds == 5);
  request.body = R"({"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0,"orphanDependents":false})";
  const auto query = read_delete_options(request, catalog());
  REQUIRE(query);
  CHECK(query->options.grace_period_seconds == 0);
  CHECK(query->accepted_when_pending);
  request.body = R"({"kind":"Pod"})";
  CHECK(read_delete_options(request, catalog()).error().code() == 400);
  request.body = R"({"gracePeriodSeconds":"soon"})";
  CHECK(read_delete_options(request, catalog()).error().message ==
        "DeleteOptions in version \"v1\" cannot be handled as a DeleteOptions: json: cannot unmarshal string into Go "
        "struct field DeleteOptions.gracePeriodSeconds of type int64");
}
