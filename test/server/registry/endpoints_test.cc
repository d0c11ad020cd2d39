#include "test/server/registry/findings.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;

namespace {

Json with(const char* base, const char* patch) {
  Json object = Json::parse(base);
  object.merge_patch(Json::parse(patch));
  return object;
}

}  // namespace

TEST_CASE("Endpoints are validated in upstream's words") {
  Cluster cluster;
  cluster.context.dry_run = true;
  struct Row {
    const char* subsets;
    const char* expected;
  };
  const Row rows[] = {
      {R"([{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}])", ""},
      {R"([{"ports":[{"port":80}]}])", "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"},
      {R"([{"addresses":[{"ip":"10.0.0"}]}])",
       "subsets[0].addresses[0].ip: Invalid value: \"10.0.0\": must be a valid IP address, (e.g. 10.9.8.7 or "
       "2001:db8::ffff)"},
      {R"([{"notReadyAddresses":[{"ip":"169.254.1.1"}]}])",
       "subsets[0].notReadyAddresses[0].ip: Invalid value: \"169.254.1.1\": may not be in the link-local range "
       "(169.254.0.0/16, fe80::/10)"},
      {R"([{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80},{"name":"b","port":81}]}])",
       "subsets[0].ports[0].name: Required value"},
      {R"([{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":0}]}])",
       "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"},
  };
  for (const Row& row : rows) {
    INFO(row.subsets);
    Json object{{"metadata", {{"name", "x"}}}};
    object["subsets"] = Json::parse(row.subsets);
    CHECK(findings(cluster.create(api::kEndpoints, object)) == row.expected);
  }
}

TEST_CASE("EndpointSlices: defaults, generation and validation") {
  Cluster cluster;
  const char* base = R"({"metadata":{"name":"x"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]}],
                         "ports":[{"port":80}]})";
  SECTION("defaults") {
    const Json made = *cluster.create(api::kEndpointSlices, Json::parse(base));
    CHECK(made.at("ports") == Json::parse(R"([{"name":"","port":80,"protocol":"TCP"}])"));
    CHECK(made.at("endpoints") == Json::parse(R"([{"addresses":["10.0.0.1"],"conditions":{}}])"));
    CHECK(made.at("metadata").at("generation") == 1);
    const Json bare = *cluster.create(api::kEndpointSlices, with(base, R"({"metadata":{"name":"y"},"ports":null})"));
    CHECK(bare.at("ports").is_null());
  }
  SECTION("generation") {
    REQUIRE(cluster.create(api::kEndpointSlices, Json::parse(base)));
    auto generation = [&](const char* patch) {
      return cluster.patch(api::kEndpointSlices, "x", api::PatchType::kMerge, Json::parse(patch))
          ->at("metadata")
          .at("generation")
          .get<int>();
    };
    CHECK(generation(R"({"metadata":{"annotations":{"a":"b"}}})") == 1);
    CHECK(generation(R"({"metadata":{"labels":{"a":"b"}}})") == 2);
    CHECK(generation(R"({"ports":[{"port":81}]})") == 3);
    CHECK(findings(cluster.patch(api::kEndpointSlices, "x", api::PatchType::kMerge,
                                 Json::parse(R"({"addressType":"IPv6","endpoints":[]})"))) ==
          "addressType: Invalid value: \"IPv6\": field is immutable");
  }
  SECTION("validation") {
    cluster.context.dry_run = true;
    struct Row {
      const char* patch;
      const char* expected;
    };
    const Row rows[] = {
        {R"({"addressType":null})", "addressType: Required value"},
        {R"({"addressType":"MAC"})",
         "addressType: Unsupported value: \"MAC\": supported values: \"FQDN\", \"IPv4\", \"IPv6\""},
        {R"({"endpoints":[{"addresses":[]}]})",
         "endpoints[0].addresses: Required value: must contain at least 1 address"},
        {R"({"endpoints":[{"addresses":["fd00::1"]}]})",
         "endpoints[0].addresses[0]: Invalid value: \"fd00::1\": must be a valid IPv4 address"},
        {R"({"addressType":"FQDN","endpoints":[{"addresses":["local"]}]})",
         "endpoints[0].addresses[0]: Invalid value: \"local\": should be a domain with at least two segments separated "
         "by dots"},
        {R"({"ports":[{"port":80},{"port":81}]})", "ports[1].name: Duplicate value: \"\""},
        {R"({"ports":[{"port":80,"protocol":"x"}]})",
         "ports[0].protocol: Unsupported value: \"x\": supported values: \"SCTP\", \"TCP\", \"UDP\""},
    };
    for (const Row& row : rows) {
      INFO(row.patch);
      CHECK(findings(cluster.create(api::kEndpointSlices, with(base, row.patch))) == row.expected);
    }
  }
}

TEST_CASE("tables of Services and endpoints") {
  Cluster cluster;
  auto cells = [&](const api::ResourceType& resource, const char* object) {
    const std::vector<Json> row = cluster.kind(resource).kind->table.row(Json::parse(object), cluster.clock.now());
    CHECK(row.size() == cluster.kind(resource).kind->table.columns.size());
    std::string text;
    for (const Json& cell : row) text += (text.empty() ? "" : " | ") + cell.get<std::string>();
    return text;
  };
  const char* balanced = R"({"metadata":{"name":"a","creationTimestamp":"2026-11-22T09:59:00Z"},
      "spec":{"type":"LoadBalancer","clusterIPs":["10.0.0.1"],"selector":{"b":"c","a":"b"},
              "ports":[{"port":80,"nodePort":30080,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]},"status":{}})";
  CHECK(cells(api::kServices, balanced) ==
        "a | LoadBalancer | 10.0.0.1 | <pending> | 80:30080/TCP,53/UDP | 60s | a=b,b=c");
  CHECK(cells(api::kServices, R"({"metadata":{"name":"a","creationTimestamp":"2026-11-22T09:59:00Z"},
      "spec":{"type":"ExternalName","externalName":"x.y"}})") ==
        "a | ExternalName | <none> | x.y | <none> | 60s | <none>");
  CHECK(cells(api::kEndpoints, R"({"metadata":{"name":"a","creationTimestamp":"2026-11-22T09:59:00Z"},
      "subsets":[{"addresses":[{"ip":"1.1.1.1"},{"ip":"1.1.1.2"}],"ports":[{"port":80},{"port":81}]}]})") ==
        "a | 1.1.1.1:80,1.1.1.2:80,1.1.1.1:81 + 1 more... | 60s");
  CHECK(cells(api::kEndpoints, R"({"metadata":{"name":"a","creationTimestamp":"2026-11-22T09:59:00Z"}})") ==
        "a | <none> | 60s");
  CHECK(cells(api::kEndpointSlices, R"({"metadata":{"name":"a","creationTimestamp":"2026-11-22T09:59:00Z"},
      "addressType":"IPv4","ports":[{"port":80,"name":""}],
      "endpoints":[{"addresses":["1"]},{"addresses":["2"]},{"addresses":["3"]},{"addresses":["4"]}]})") ==
        "a | IPv4 | 80 | 1,2,3 + 1 more... | 60s");
  CHECK(cells(api::kEndpointSlices, R"({"metadata":{"name":"a","creationTimestamp":"2026-11-22T09:59:00Z"},
      "addressType":"IPv4","ports":null,"endpoints":null})") == "a | IPv4 | <unset> | <unset> | 60s");
}
