#include "test/server/registry/cluster.h"

#include <catch2/catch.hpp>

#include <set>

using namespace skiff;
using namespace skiff::test;
using api::Reason;

TEST_CASE("a created object gets its system fields and comes back as it was stored") {
  Cluster cluster;
  Json sent = config_map("settings", {{"a", "1"}});
  sent["metadata"]["uid"] = "chosen-by-the-client";
  sent["metadata"]["creationTimestamp"] = "2001-01-01T00:00:00Z";
  sent["metadata"]["deletionTimestamp"] = "2001-01-01T00:00:00Z";
  sent["metadata"]["selfLink"] = "/x";
  const auto record = cluster.create_record(api::kConfigMaps, sent);
  REQUIRE(record);
  const Json stored = Json::parse((*record)->value);
  CHECK(stored["apiVersion"] == "v1");
  CHECK(stored["kind"] == "ConfigMap");
  CHECK(stored["metadata"]["namespace"] == "default");
  CHECK(stored["metadata"]["creationTimestamp"] == "2026-11-22T10:00:00Z");
  CHECK(api::uid_of(stored).size() == 36);
  CHECK(api::resource_version_of(stored) == std::to_string((*record)->mod_revision));
  for (const char* dropped : {"selfLink", "deletionTimestamp", "generation"}) {
    CHECK_FALSE(stored["metadata"].contains(dropped));
  }
  CHECK(stored["data"] == Json{{"a", "1"}});
  CHECK((*record)->key == "/configmaps/default/settings");
  CHECK(*cluster.get(api::kConfigMaps, "settings") == stored);
}

TEST_CASE("text that looks like a resourceVersion member does not move the revision's place") {
  Cluster cluster;
  const std::string bait = R"("resourceVersion":"",)";
  Json sent = config_map("bait", {{"resourceVersion", bait}, {"a", bait}});
  sent["metadata"]["annotations"] = {{"resourceVersion", bait}};
  const auto record = cluster.create_record(api::kConfigMaps, sent);
  REQUIRE(record);
  const Json stored = Json::parse((*record)->value);
  CHECK(api::resource_version_of(stored) == std::to_string((*record)->mod_revision));
  CHECK(stored["data"]["a"] == bait);
  CHECK(stored["metadata"]["annotations"]["resourceVersion"] == bait);
}

TEST_CASE("what is wrong with a new object is said in upstream's words") {
  Cluster cluster;
  Json object = config_map("settings");

  SECTION("it exists") {
    REQUIRE(cluster.create(api::kConfigMaps, object));
    const auto again = cluster.create(api::kConfigMaps, object);
    REQUIRE_FALSE(again);
    CHECK(again.error().reason == Reason::kAlreadyExists);
    CHECK(again.error().message == R"(configmaps "settings" already exists)");
  }
  SECTION("no name") {
    object["metadata"].erase("name");
    const auto created = cluster.create(api::kConfigMaps, object);
    REQUIRE_FALSE(created);
    CHECK(created.error().reason == Reason::kInvalid);
    CHECK(created.error().message ==
          R"(ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required)");
  }
  SECTION("another namespace than the request's") {
    object["metadata"]["namespace"] = "kube-system";
    CHECK(message_of(cluster.create(api::kConfigMaps, object)) ==
          "the namespace of the provided object does not match the namespace sent on the request");
  }
  SECTION("a namespace that does not exist") {
    const auto created = cluster.create(api::kConfigMaps, object, "nowhere");
    REQUIRE_FALSE(created);
    CHECK(created.error().reason == Reason::kNotFound);
    CHECK(created.error().message == R"(namespaces "nowhere" not found)");
  }
  SECTION("a resourceVersion") {
    object["metadata"]["resourceVersion"] = "7";
    const auto created = cluster.create(api::kConfigMaps, object);
    CHECK(message_of(created) == "resourceVersion should not be set on objects to be created");
    CHECK(created.error().code() == 500);
  }
  SECTION("another version of the API") {
    Json sent = deployment("web");
    sent["apiVersion"] = "apps/v1beta2";
    sent["kind"] = "Deployment";
    const auto created = cluster.create(api::kDeployments, sent);
    REQUIRE_FALSE(created);
    CHECK(created.error().reason == Reason::kBadRequest);
    CHECK(created.error().message ==
          "the API version in the data (apps/v1beta2) does not match the expected API version (apps/v1)");
  }
  SECTION("another kind") {
    object["apiVersion"] = "v1";
    object["kind"] = "Secret";
    CHECK(message_of(cluster.create(api::kConfigMaps, object)) ==
          "Secret in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): "
          "unknown conversion");
  }
  SECTION("an unknown kind") {
    object["apiVersion"] = "v1";
    object["kind"] = "Foo";
    CHECK(message_of(cluster.create(api::kConfigMaps, object)) ==
          "Foo in version \"v1\" cannot be handled as a ConfigMap: no kind \"Foo\" is registered for version \"v1\" in "
          "scheme \"pkg/api/legacyscheme/scheme.go:30\"");
  }
  SECTION("more than a record may hold") {
    object["metadata"]["annotations"] = {{"note", std::string(100, 'x')}};
    object["data"] = {{"big", std::string(1024 * 1024 + 1, 'x')}};
    CHECK(message_of(cluster.create(api::kConfigMaps, object)) ==
          R"(ConfigMap "settings" is invalid: []: Too long: may not be more than 1048576 bytes)");
  }
}

TEST_CASE("unknown fields are refused, warned about or ignored, as asked") {
  Cluster cluster;
  Json object = deployment("web");
  object["spec"]["foo"] = 1;
  cluster.params.duplicate_fields = {"spec.replicas"};

  SECTION("strict") {
    cluster.params.field_validation = server::FieldValidation::kStrict;
    CHECK(message_of(cluster.create(api::kDeployments, object)) ==
          "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field "
          "\"spec.foo\", duplicate field \"spec.replicas\"");
  }
  SECTION("warn") {
    const auto created = cluster.create(api::kDeployments, object);
    REQUIRE(created);
    CHECK(cluster.context.warnings ==
          std::vector<std::string>{R"(unknown field "spec.foo")", R"(duplicate field "spec.replicas")"});
    CHECK_FALSE((*created)["spec"].contains("foo"));
  }
  SECTION("ignore") {
    cluster.params.field_validation = server::FieldValidation::kIgnore;
    REQUIRE(cluster.create(api::kDeployments, object));
    CHECK(cluster.context.warnings.empty());
  }
}

TEST_CASE("generateName makes names that are free") {
  Cluster cluster;
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    Json object = config_map("");
    object["metadata"] = {{"generateName", "part-"}};
    const auto created = cluster.create(api::kConfigMaps, object);
    REQUIRE(created);
    const std::string name = api::name_of(*created);
    CHECK(name.size() == 10);
    CHECK(name.starts_with("part-"));
    names.insert(name);
  }
  CHECK(names.size() == 20);

  SECTION("a long prefix is cut to a label's length") {
    Json object = config_map("");
    object["metadata"] = {{"generateName", std::string(70, 'a')}};
    const auto created = cluster.create(api::kConfigMaps, object);
    REQUIRE(created);
    CHECK(api::name_of(*created).size() == 63);
  }
}

TEST_CASE("a dry run does everything but write") {
  Cluster cluster;
  const store::Revision before = cluster.store->revision();
  cluster.context.dry_run = true;
  const auto created = cluster.create(api::kConfigMaps, config_map("settings", {{"a", "1"}}));
  REQUIRE(created);
  CHECK_FALSE(api::uid_of(*created).empty());
  CHECK(api::resource_version_of(*created).empty());
  CHECK(message_of(cluster.create(api::kConfigMaps, config_map("A_b"))).find("is invalid: metadata.name") !=
        std::string::npos);
  CHECK(cluster.store->revision() == before);
  CHECK_FALSE(cluster.get(api::kConfigMaps, "settings"));
}

TEST_CASE("bootstrap may run again") {
  Cluster cluster;
  const store::Revision before = cluster.store->revision();
  REQUIRE(run(cluster.io, server::bootstrap(cluster.registry)));
  CHECK(cluster.store->revision() == before);
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    CHECK(cluster.get(api::kNamespaces, name));
    CHECK(cluster.registry.get(cluster.kind(api::kServiceAccounts), {name, "default"}));
  }
}

TEST_CASE("affinity terms of a new pod select by its own labels, as matchLabelKeys and mismatchLabelKeys say") {
  Cluster cluster;
  Json sent = pod("web");
  sent["metadata"]["labels"] = {{"version", "2"}, {"tenant", "a"}};
  const Json term = {{"topologyKey", "zone"},
                     {"labelSelector", {{"matchLabels", {{"app", "web"}}}}},
                     {"matchLabelKeys", {"version", "absent"}},
                     {"mismatchLabelKeys", {"tenant"}}};
  const char* required = "requiredDuringSchedulingIgnoredDuringExecution";
  const char* preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  sent["spec"]["affinity"]["podAffinity"][required] = Json::array({term});
  sent["spec"]["affinity"]["podAntiAffinity"][preferred] = Json::array({{{"weight", 1}, {"podAffinityTerm", term}}});
  const auto created = cluster.create(api::kPods, sent);
  REQUIRE(created);
  const Json merged = Json::parse(R"({"matchLabels": {"app": "web"}, "matchExpressions": [
      {"key": "version", "operator": "In", "values": ["2"]}, {"key": "tenant", "operator": "NotIn", "values": ["a"]}]})");
  const Json& affinity = created->at("spec").at("affinity");
  CHECK(affinity["podAffinity"][required][0]["labelSelector"] == merged);
  CHECK(affinity["podAntiAffinity"][preferred][0]["podAffinityTerm"]["labelSelector"] == merged);
}
