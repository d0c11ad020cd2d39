#include "api/managed_fields/field_set.h"

#include "test/api/managed_fields/documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::managed_fields::FieldSet;

namespace {

FieldSet set(std::string_view text) {
  const auto parsed = FieldSet::parse(yaml(text));
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("a field set is read from FieldsV1 and written in upstream's form") {
  struct Row {
    const char* name;
    const char* text;
    const char* canonical;
  };
  const Row row = GENERATE(values<Row>({
      {"nothing", "{}", "{}"},
      {"leaves", R"({"f:a": {}, "f:b": {}})", R"({"f:a":{},"f:b":{}})"},
      {"a member with others below", R"({"f:a": {".": {}, "f:b": {}}})", R"({"f:a":{".":{},"f:b":{}}})"},
      {"a lone self", R"({"f:a": {".": {}}})", R"({"f:a":{}})"},
      {"keys in any order", R"({'k:{"b":1, "a":"x"}': {}})", R"({"k:{\"a\":\"x\",\"b\":1}":{}})"},
      {"values", R"({'v:"x"': {}, 'v: 3': {}})", R"({"v:\"x\"":{},"v:3":{}})"},
      {"what HTML would read", R"({'v:"<a&b>"': {}})", R"({"v:\"\\u003ca\\u0026b\\u003e\"":{}})"},
      {"positions", R"({"i:7": {}})", R"({"i:7":{}})"},
      {"the whole object cannot be a member", R"({".": {}, "f:a": {}})", R"({"f:a":{}})"},
  }));
  INFO(row.name);
  CHECK(set(row.text).tree().dump() == row.canonical);
}

TEST_CASE("what is no FieldsV1 is refused") {
  const char* text = GENERATE(R"([])", R"("f:a")", R"({"a": {}})", R"({"f": {}})", R"({"x:a": {}})", R"({"f:a": null})",
                              R"({"f:a": []})", R"({"f:a": {"b": {}}})", R"({'k:[]': {}})", R"({'k:{': {}})",
                              R"({"v:{{": {}})", R"({"i:one": {}})", R"({"": {}})");
  INFO(text);
  CHECK_FALSE(FieldSet::parse(yaml(text)));
}

TEST_CASE("sets are united, subtracted and intersected") {
  struct Row {
    const char* name;
    const char *a, *b;
    const char *sum, *difference, *below, *common;
  };
  const Row row = GENERATE(values<Row>({
      {"disjoint", R"({"f:a": {}})", R"({"f:b": {}})", R"({"f:a":{},"f:b":{}})", R"({"f:a":{}})", R"({"f:a":{}})",
       "{}"},
      {"equal", R"({"f:a": {"f:b": {}}})", R"({"f:a": {"f:b": {}}})", R"({"f:a":{"f:b":{}}})", "{}", "{}",
       R"({"f:a":{"f:b":{}}})"},
      {"a parent takes no children along, unless all below goes", R"({"f:a": {".": {}, "f:b": {}}})", R"({"f:a": {}})",
       R"({"f:a":{".":{},"f:b":{}}})", R"({"f:a":{"f:b":{}}})", "{}", R"({"f:a":{}})"},
      {"a child leaves its parent", R"({"f:a": {".": {}, "f:b": {}}})", R"({"f:a": {"f:b": {}}})",
       R"({"f:a":{".":{},"f:b":{}}})", R"({"f:a":{}})", R"({"f:a":{}})", R"({"f:a":{"f:b":{}}})"},
      {"a leaf and what is below it", R"({"f:a": {}})", R"({"f:a": {"f:b": {}}})", R"({"f:a":{".":{},"f:b":{}}})",
       R"({"f:a":{}})", R"({"f:a":{}})", "{}"},
      {"from nothing", "{}", R"({"f:a": {"f:b": {}}})", R"({"f:a":{"f:b":{}}})", "{}", "{}", "{}"},
  }));
  INFO(row.name);
  const FieldSet a = set(row.a), b = set(row.b);
  FieldSet sum = a, difference = a, below = a;
  sum.add(b);
  difference.subtract(b);
  below.subtract_below(b);
  CHECK(sum.tree().dump() == row.sum);
  CHECK(difference.tree().dump() == row.difference);
  CHECK(below.tree().dump() == row.below);
  CHECK(a.intersection(b).tree().dump() == row.common);
  CHECK(b.intersection(a).tree().dump() == row.common);
}

TEST_CASE("membership is that of the field itself") {
  const FieldSet fields{{"spec", "replicas"}, {"metadata", "labels"}, {"metadata", "labels", "app"}};
  CHECK(fields.contains({"spec", "replicas"}));
  CHECK(fields.contains({"metadata", "labels"}));
  CHECK(fields.contains({"metadata", "labels", "app"}));
  CHECK_FALSE(fields.contains({"spec"}));
  CHECK_FALSE(fields.contains({"metadata", "labels", "tier"}));
  CHECK_FALSE(fields.contains({}));
}

TEST_CASE("paths come in upstream's order and writing") {
  const FieldSet fields = set(R"({"f:spec": {"f:ports": {'k:{"port":443,"protocol":"TCP"}': {},
                                                         'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}}},
                                             "f:replicas": {}},
                                  "f:metadata": {"f:finalizers": {'v:"b"': {}, 'v:"a"': {}}},
                                  "f:list": {"i:10": {}, "i:9": {}}})");
  CHECK(paths(fields) == std::vector<std::string>{
                             ".list[9]", ".list[10]", R"(.metadata.finalizers[="a"])", R"(.metadata.finalizers[="b"])",
                             ".spec.replicas", R"(.spec.ports[port=80,protocol="TCP"])",
                             R"(.spec.ports[port=443,protocol="TCP"])", R"(.spec.ports[port=80,protocol="TCP"].name)"});
}
