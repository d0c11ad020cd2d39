#include "test/server/registry/cluster.h"

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::Reason;

TEST_CASE("an update replaces the object and keeps what the server owns") {
  Cluster cluster;
  const Json created = *cluster.create(api::kConfigMaps, config_map("settings", {{"a", "1"}}));

  SECTION("with the resourceVersion that is stored") {
    Json changed = created;
    changed["data"] = {{"b", "2"}};
    const auto updated = cluster.update(api::kConfigMaps, changed);
    REQUIRE(updated);
    CHECK((*updated)["data"] == Json{{"b", "2"}});
    CHECK(api::uid_of(*updated) == api::uid_of(created));
    CHECK(api::resource_version_of(*updated) != api::resource_version_of(created));
  }
  SECTION("without one it applies to whatever is stored") {
    Json changed = config_map("settings", {{"c", "3"}});
    changed["metadata"]["namespace"] = "default";
    const auto updated = cluster.update(api::kConfigMaps, changed);
    REQUIRE(updated);
    CHECK((*updated)["metadata"]["creationTimestamp"] == created["metadata"]["creationTimestamp"]);
    CHECK(api::uid_of(*updated) == api::uid_of(created));
  }
  SECTION("with an old one it is a conflict") {
    Json changed = created;
    changed["data"] = {{"b", "2"}};
    REQUIRE(cluster.update(api::kConfigMaps, changed));
    const auto again = cluster.update(api::kConfigMaps, changed);
    REQUIRE_FALSE(again);
    CHECK(again.error().reason == Reason::kConflict);
    CHECK(again.error().message ==
          "Operation cannot be fulfilled on configmaps \"settings\": the object has been modified; please apply your "
          "changes to the latest version and try again");
  }
  SECTION("with another object's uid it is a conflict") {
    Json changed = created;
    changed["metadata"]["uid"] = "other";
    const auto updated = cluster.update(api::kConfigMaps, changed);
    REQUIRE_FALSE(updated);
    CHECK(updated.error().reason == Reason::kConflict);
    CHECK(updated.error().message.find("Precondition failed: UID in precondition: other, UID in object meta: " +
                                       api::uid_of(created)) != std::string::npos);
  }
  SECTION("that changes nothing writes nothing") {
    const store::Revision before = cluster.store->revision();
    const auto updated = cluster.update(api::kConfigMaps, created);
    REQUIRE(updated);
    CHECK(*updated == created);
    CHECK(cluster.store->revision() == before);
  }
  SECTION("of an object that does not exist") {
    Json other = config_map("other");
    other["metadata"]["namespace"] = "default";
    CHECK(message_of(cluster.update(api::kConfigMaps, other)) == R"(configmaps "other" not found)");
  }
  SECTION("under another name") {
    auto written = run(cluster.io, cluster.registry.update(cluster.context, cluster.kind(api::kConfigMaps),
                                                           {"default", "other"}, "", created, {}));
    REQUIRE_FALSE(written);
    CHECK(written.error().message == "the name of the object (settings) does not match the name on the URL (other)");
  }
  SECTION("of an immutable field") {
    Json changed = created;
    changed["immutable"] = true;
    const auto frozen = cluster.update(api::kConfigMaps, changed);
    REQUIRE(frozen);
    changed = *frozen;
    changed["data"] = {{"b", "2"}};
    CHECK(message_of(cluster.update(api::kConfigMaps, changed)) ==
          "ConfigMap \"settings\" is invalid: data: Forbidden: field is immutable when `immutable` is set");
  }
}

TEST_CASE("a lease is made by its first update and must name its resourceVersion afterwards") {
  Cluster cluster;
  const Json lease{{"metadata", {{"name", "node-1"}, {"namespace", "kube-node-lease"}}},
                   {"spec", {{"holderIdentity", "node-1"}, {"leaseDurationSeconds", 40}}}};
  const auto first = run(cluster.io, cluster.registry.update(cluster.context, cluster.kind(api::kLeases),
                                                             {"kube-node-lease", "node-1"}, "", lease, {}));
  REQUIRE(first);
  CHECK(first->created);
  const auto second = run(cluster.io, cluster.registry.update(cluster.context, cluster.kind(api::kLeases),
                                                              {"kube-node-lease", "node-1"}, "", lease, {}));
  REQUIRE_FALSE(second);
  CHECK(second.error().message ==
        "leases.coordination.k8s.io \"node-1\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be "
        "specified for an update");
}

TEST_CASE("generation counts changes of the spec, and status has a door of its own") {
  Cluster cluster;
  Json sent = deployment("web");
  sent["status"] = {{"replicas", 9}};
  const Json created = *cluster.create(api::kDeployments, sent);
  CHECK(created["metadata"]["generation"] == 1);
  CHECK(created["status"] == Json::object());

  Json labelled = created;
  labelled["metadata"]["labels"] = {{"x", "y"}};
  labelled["status"] = {{"replicas", 9}};
  const Json same_spec = *cluster.update(api::kDeployments, labelled);
  CHECK(same_spec["metadata"]["generation"] == 1);
  CHECK(same_spec["status"] == Json::object());

  Json scaled = same_spec;
  scaled["spec"]["replicas"] = 3;
  scaled["metadata"]["generation"] = 77;
  const Json changed = *cluster.update(api::kDeployments, scaled);
  CHECK(changed["metadata"]["generation"] == 2);

  Json reported = changed;
  reported["status"] = {{"observedGeneration", 2}, {"replicas", 3}};
  reported["spec"]["replicas"] = 50;
  const Json with_status = *cluster.update(api::kDeployments, reported, "status");
  CHECK(with_status["status"] == Json{{"observedGeneration", 2}, {"replicas", 3}});
  CHECK(with_status["spec"]["replicas"] == 3);
  CHECK(with_status["metadata"]["generation"] == 2);
}

TEST_CASE("the scale subresource reads and writes the replicas alone") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kDeployments, deployment("web")));
  const server::ServedKind kind = cluster.kind(api::kDeployments);
  auto scale = [&] { return cluster.registry.scale_of(kind, **cluster.registry.get(kind, {"default", "web"})); };
  Json asked = scale();
  CHECK(asked["spec"]["replicas"] == 1);
  CHECK(asked["status"] == Json{{"replicas", 0}, {"selector", "app=web"}});

  asked["spec"]["replicas"] = 4;
  REQUIRE(cluster.update(api::kDeployments, asked, "scale"));
  CHECK(scale()["spec"]["replicas"] == 4);
  CHECK((*cluster.get(api::kDeployments, "web"))["metadata"]["generation"] == 2);

  SECTION("an old resourceVersion is a conflict") {
    const auto again = cluster.update(api::kDeployments, asked, "scale");
    REQUIRE_FALSE(again);
    CHECK(again.error().reason == Reason::kConflict);
  }
  SECTION("negative replicas are invalid") {
    Json negative = scale();
    negative["spec"]["replicas"] = -1;
    CHECK(message_of(cluster.update(api::kDeployments, negative, "scale")) ==
          "Scale.autoscaling \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0");
  }
  SECTION("it can be patched") {
    REQUIRE(cluster.patch(api::kDeployments, "web", api::PatchType::kMerge, {{"spec", {{"replicas", 7}}}}, "scale"));
    CHECK(scale()["spec"]["replicas"] == 7);
  }
}

TEST_CASE("a subresource that the kind does not have is not found") {
  Cluster cluster;
  const Json created = *cluster.create(api::kPods, pod("web"));
  for (const char* subresource : {"scale", "binding", "finalize", "nonsense"}) {
    INFO(subresource);
    const auto updated = cluster.update(api::kPods, created, subresource);
    REQUIRE_FALSE(updated);
    CHECK(updated.error().reason == Reason::kNotFound);
    CHECK(updated.error().message == "the server could not find the requested resource");
    CHECK_FALSE(cluster.patch(api::kPods, "web", api::PatchType::kMerge, Json::object(), subresource));
  }
}

TEST_CASE("concurrent patches of one object all arrive") {
  Cluster cluster;
  REQUIRE(cluster.create(api::kConfigMaps, config_map("counter")));
  constexpr int kWriters = 4, kWrites = 25;
  asio::thread_pool pool(kWriters);
  std::atomic<int> failures = 0;
  auto write_all = [&](int writer) -> Task<void> {
    for (int i = 0; i < kWrites; ++i) {
      server::CallContext context;
      server::WriteParams params;
      api::NamespacedName name{"default", "counter"};
      Json patch;
      patch["data"]["w" + std::to_string(writer) + "-" + std::to_string(i)] = "x";
      auto written = co_await cluster.registry.patch(context, cluster.kind(api::kConfigMaps), name, "",
                                                     api::PatchType::kMerge, patch, params);
      if (!written) ++failures;
    }
  };
  for (int writer = 0; writer < kWriters; ++writer) {
    asio::co_spawn(asio::make_strand(pool), write_all(writer), asio::detached);
  }
  pool.join();
  CHECK(failures == 0);
  CHECK((*cluster.get(api::kConfigMaps, "counter"))["data"].size() == kWriters * kWrites);
}
