#include "api/managed_fields/managers.h"

#include "api/managed_fields/scale.h"
#include "test/api/managed_fields/documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::managed_fields::Manager;
using api::managed_fields::Managers;

namespace {

Managers managers(std::string_view list) {
  auto parsed = Managers::parse(yaml(list));
  REQUIRE(parsed);
  return std::move(*parsed);
}

std::string written(Managers managers) { return to_yaml(parse_json(managers.to_text())->value); }

}  // namespace

TEST_CASE("entries are written in upstream's order") {
  Managers all = managers(R"([
    {manager: b, operation: Update, apiVersion: v1, fieldsType: FieldsV1, time: "2026-11-22T10:00:00Z", fieldsV1: {"f:a": {}}},
    {manager: z, operation: Apply, apiVersion: v1, fieldsType: FieldsV1, time: "2026-11-22T12:00:00Z", fieldsV1: {"f:b": {}}},
    {manager: a, operation: Update, apiVersion: v1, fieldsType: FieldsV1, time: "2026-11-22T10:00:00Z", fieldsV1: {"f:c": {}}},
    {manager: c, operation: Update, apiVersion: v1, fieldsType: FieldsV1, subresource: scale, fieldsV1: {"f:d": {}}}])");
  const Json list = parse_json(all.to_text())->value;
  std::vector<std::string> order;
  for (const Json& entry : list) order.push_back(entry["manager"]);
  CHECK(order == std::vector<std::string>{"z", "c", "a", "b"});
  CHECK(list[0] == yaml(R"({manager: z, operation: Apply, apiVersion: v1, fieldsType: FieldsV1,
                            time: "2026-11-22T12:00:00Z", fieldsV1: {"f:b": {}}})"));
  CHECK(list[1]["subresource"] == "scale");
  CHECK_FALSE(list[1].contains("time"));
}

TEST_CASE("a list of another form is refused") {
  const char* entry =
      GENERATE("{}", "{operation: Apply}", "{operation: Apply, apiVersion: v1}",
               "{operation: Apply, apiVersion: v1, fieldsType: FieldsV2}",
               "{operation: Patch, apiVersion: v1, fieldsType: FieldsV1}", "{operation: Apply, fieldsType: FieldsV1}",
               "{operation: Apply, apiVersion: v1, fieldsType: FieldsV1, fieldsV1: {a: {}}}");
  INFO(entry);
  CHECK_FALSE(Managers::parse(Json::array({yaml(entry)})));
}

TEST_CASE("an applier has one entry whatever its versions, an updater one for each") {
  CHECK(managers(R"([{manager: a, operation: Apply, apiVersion: v1, fieldsType: FieldsV1},
                     {manager: a, operation: Apply, apiVersion: v2, fieldsType: FieldsV1}])")
            .all()
            .size() == 1);
  CHECK(managers(R"([{manager: a, operation: Update, apiVersion: v1, fieldsType: FieldsV1},
                     {manager: a, operation: Update, apiVersion: v2, fieldsType: FieldsV1}])")
            .all()
            .size() == 2);
}

TEST_CASE("very many managers are united in bounded time") {
  Json list = Json::array();
  constexpr int kMany = 20'000;
  for (int i = 0; i < kMany; ++i) {
    const std::string number = std::to_string(i);
    Json fields = Json::object();
    fields["f:" + number] = Json::object();
    list.push_back({{"manager", "m" + number},
                    {"operation", "Update"},
                    {"apiVersion", "v1"},
                    {"fieldsType", "FieldsV1"},
                    {"fieldsV1", std::move(fields)}});
  }
  auto all = Managers::parse(list);
  REQUIRE(all);
  all->unite_oldest();
  CHECK(all->all().size() == Managers::kMaxUpdaters);
  std::size_t fields = 0;
  for (const Manager& manager : all->all()) fields += manager.fields.tree().size();
  CHECK(fields == kMany);
}

TEST_CASE("managers of a scale and of its parent") {
  const DeploymentVersions versions;
  const Managers parent = managers(R"([
    {manager: a, operation: Apply, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-11-22T10:00:00Z",
     fieldsV1: {"f:spec": {"f:replicas": {}, "f:paused": {}}}},
    {manager: b, operation: Update, apiVersion: apps/v1beta2, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:replicas": {}}}},
    {manager: c, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:paused": {}}}},
    {manager: d, operation: Update, apiVersion: apps/v7, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:replicas": {}}}}])");
  Managers scale = api::managed_fields::managers_of_scale(versions, parent);
  REQUIRE(scale.all().size() == 2);
  for (const Manager& manager : scale.all()) {
    CHECK(manager.api_version == "autoscaling/v1");
    CHECK(paths(manager.fields) == std::vector<std::string>{".spec.replicas"});
  }

  SECTION("nothing changes, but that the unknown version goes") {
    CHECK(written(api::managed_fields::managers_of_parent(versions, parent, scale, "apps/v1")) == written(managers(R"([
      {manager: a, operation: Apply, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-11-22T10:00:00Z",
       fieldsV1: {"f:spec": {"f:replicas": {}, "f:paused": {}}}},
      {manager: b, operation: Update, apiVersion: apps/v1beta2, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:replicas": {}}}},
      {manager: c, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:paused": {}}}}])")));
  }
  SECTION("another takes the replicas") {
    scale = managers(R"([{manager: e, operation: Update, apiVersion: autoscaling/v1, subresource: scale,
                          fieldsType: FieldsV1, time: "2026-11-22T11:00:00Z", fieldsV1: {"f:spec": {"f:replicas": {}}}}])");
    CHECK(written(api::managed_fields::managers_of_parent(versions, parent, scale, "apps/v1")) == written(managers(R"([
      {manager: a, operation: Apply, apiVersion: apps/v1, fieldsType: FieldsV1, time: "2026-11-22T10:00:00Z",
       fieldsV1: {"f:spec": {"f:paused": {}}}},
      {manager: c, operation: Update, apiVersion: apps/v1, fieldsType: FieldsV1, fieldsV1: {"f:spec": {"f:paused": {}}}},
      {manager: e, operation: Update, apiVersion: apps/v1, subresource: scale, fieldsType: FieldsV1,
       fieldsV1: {"f:spec": {"f:replicas": {}}}}])")));
  }
}
