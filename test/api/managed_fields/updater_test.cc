#include "api/managed_fields/updater.h"

#include "api/managed_fields/walk.h"
#include "test/api/managed_fields/documents.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::test;
using api::managed_fields::Applied;
using api::managed_fields::blank_object;
using api::managed_fields::Manager;
using api::managed_fields::Managers;
using api::managed_fields::Writer;

namespace {

// A Deployment and its managers, written to by turns.
class Story {
 public:
  void update(const std::string& manager, std::string_view spec, const std::string& subresource = "") {
    const Json object = deployment(spec);
    const Json before = live_.is_null() ? blank_object(deployment_type()) : live_;
    api::managed_fields::update(writer(manager, subresource), before, object, managers);
    live_ = object;
  }

  api::Result<Applied> apply(const std::string& manager, std::string_view spec, bool force = false,
                             const std::string& version = "apps/v1") {
    Writer writer = this->writer(manager, "");
    writer.api_version = version;
    const Json before = live_.is_null() ? Json::object() : live_;
    Managers attempt = managers;
    auto applied = api::managed_fields::apply(writer, before, deployment(spec), force, attempt);
    if (!applied) return applied;
    managers = std::move(attempt);
    live_ = applied->object;
    return applied;
  }

  // "alice Apply .spec.replicas"
  std::vector<std::string> owners() const {
    std::vector<std::string> all;
    for (const Manager& manager : managers.all()) {
      std::string text = manager.name + (manager.applied ? " Apply" : " Update");
      if (!manager.subresource.empty()) text += " " + manager.subresource;
      for (const std::string& path : paths(manager.fields)) text += " " + path;
      all.push_back(text);
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  Json spec() const { return live_.at("spec"); }

  Managers managers;
  std::string now = "2026-11-22T10:00:00Z";

 private:
  Writer writer(const std::string& manager, const std::string& subresource) {
    Writer writer{versions_, manager, "apps/v1", subresource, now, {}};
    writer.ignored = api::managed_fields::FieldSet{{"status"}};
    return writer;
  }

  static Json deployment(std::string_view spec) {
    return Json{
        {"apiVersion", "apps/v1"}, {"kind", "Deployment"}, {"metadata", {{"name", "web"}}}, {"spec", yaml(spec)}};
  }

  DeploymentVersions versions_;
  Json live_;
};

using Owners = std::vector<std::string>;

}  // namespace

TEST_CASE("an update owns what it changes and takes it from others") {
  Story story;
  story.update("alice", "{replicas: 3, paused: true}");
  CHECK(story.owners() == Owners{"alice Update .spec.paused .spec.replicas"});
  story.update("bob", "{replicas: 4, paused: true}");
  CHECK(story.owners() == Owners{"alice Update .spec.paused", "bob Update .spec.replicas"});
  story.update("bob", "{replicas: 4}");
  CHECK(story.owners() == Owners{"bob Update .spec.replicas"});
  story.update("carol", "{}");
  CHECK(story.managers.empty());
}

TEST_CASE("an update through a subresource is an entry of its own, and status is out of the main one's reach") {
  Story story;
  story.update("alice", "{replicas: 3}");
  story.update("alice", "{replicas: 4}", "scale");
  CHECK(story.owners() == Owners{"alice Update scale .spec.replicas"});
}

TEST_CASE("the time of an entry is that of its last change") {
  Story story;
  story.update("alice", "{replicas: 3}");
  story.now = "2026-11-22T11:00:00Z";
  story.update("alice", "{replicas: 3}");
  CHECK(story.managers.all().front().time == "2026-11-22T10:00:00Z");
  story.update("alice", "{replicas: 4}");
  CHECK(story.managers.all().front().time == "2026-11-22T11:00:00Z");
  REQUIRE(story.apply("bob", "{replicas: 4}"));
  story.now = "2026-11-22T12:00:00Z";
  REQUIRE(story.apply("bob", "{replicas: 4}"));
  for (const Manager& manager : story.managers.all()) {
    INFO(manager.name);
    // As upstream: an apply that changes nothing leaves no time.
    CHECK(manager.time == (manager.applied ? "" : "2026-11-22T11:00:00Z"));
  }
}

TEST_CASE("at most ten updaters are kept apart") {
  Story story;
  for (int i = 0; i < 14; ++i) {
    story.now = "2026-11-22T10:00:" + std::to_string(10 + i) + "Z";
    std::string labels = "{template: {metadata: {labels: {";
    for (int label = 0; label <= i; ++label) labels += "l" + std::to_string(label) + ": x, ";
    story.update("m" + std::to_string(i), labels + "}}}}");
  }
  CHECK(story.managers.all().size() == 10);
  const Manager* ancient = nullptr;
  for (const Manager& manager : story.managers.all()) {
    if (manager.name == "ancient-changes") ancient = &manager;
  }
  REQUIRE(ancient != nullptr);
  CHECK(ancient->time == "2026-11-22T10:00:14Z");
  CHECK(paths(ancient->fields).size() == 6);  // the map of labels and five of them
}

TEST_CASE("an apply owns its configuration and conflicts over changes") {
  Story story;
  REQUIRE(story.apply("alice", "{replicas: 3, paused: true}"));
  CHECK(story.owners() == Owners{"alice Apply .spec.paused .spec.replicas"});

  SECTION("the same value is owned together") {
    REQUIRE(story.apply("bob", "{replicas: 3}"));
    CHECK(story.owners() == Owners{"alice Apply .spec.paused .spec.replicas", "bob Apply .spec.replicas"});
  }
  SECTION("another value is a conflict") {
    const auto refused = story.apply("bob", "{replicas: 4}");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == api::Reason::kConflict);
    CHECK(refused.error().message == R"(Apply failed with 1 conflict: conflict with "alice": .spec.replicas)");
    REQUIRE(refused.error().causes.size() == 1);
    CHECK(refused.error().causes[0].reason == "FieldManagerConflict");
    CHECK(refused.error().causes[0].message == R"(conflict with "alice")");
    CHECK(refused.error().causes[0].field == ".spec.replicas");
  }
  SECTION("force takes the field") {
    REQUIRE(story.apply("bob", "{replicas: 4}", true));
    CHECK(story.owners() == Owners{"alice Apply .spec.paused", "bob Apply .spec.replicas"});
  }
  SECTION("several conflicts are listed by manager") {
    story.update("carol", "{replicas: 5, paused: true, minReadySeconds: 1}");
    const auto refused = story.apply("bob", "{replicas: 4, paused: false, minReadySeconds: 2}");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "Apply failed with 3 conflicts: conflicts with \"alice\":\n- .spec.paused\n"
          "conflicts with \"carol\" using apps/v1:\n- .spec.minReadySeconds\n- .spec.replicas");
    CHECK(refused.error().causes.size() == 3);
  }
  SECTION("an update takes a field from an applier, who then conflicts") {
    story.update("carol", "{replicas: 5, paused: true}");
    CHECK(story.owners() == Owners{"alice Apply .spec.paused", "carol Update .spec.replicas"});
    const auto refused = story.apply("alice", "{replicas: 3, paused: true}");
    CHECK(refused.error().message ==
          R"(Apply failed with 1 conflict: conflict with "carol" using apps/v1: .spec.replicas)");
  }
}

TEST_CASE("what is applied no more is removed, unless others own it") {
  Story story;
  REQUIRE(story.apply("alice", "{replicas: 3, paused: true}"));

  SECTION("owned by nobody else") {
    REQUIRE(story.apply("alice", "{replicas: 3}"));
    CHECK(story.spec() == yaml("{replicas: 3}"));
  }
  SECTION("owned by another applier") {
    REQUIRE(story.apply("bob", "{paused: true}"));
    REQUIRE(story.apply("alice", "{replicas: 3}"));
    CHECK(story.spec() == yaml("{replicas: 3, paused: true}"));
    CHECK(story.owners() == Owners{"alice Apply .spec.replicas", "bob Apply .spec.paused"});
  }
  SECTION("owned by an updater") {
    story.update("carol", "{replicas: 3, paused: false}");
    REQUIRE(story.apply("alice", "{replicas: 3}"));
    CHECK(story.spec() == yaml("{replicas: 3, paused: false}"));
  }
  SECTION("what came by itself below a field that was applied goes along, what stands beside it stays") {
    Story other;
    REQUIRE(other.apply("alice", "{strategy: {type: Recreate}, replicas: 1}"));
    other.update("carol", "{strategy: {type: Recreate}, replicas: 1, paused: true}");
    REQUIRE(other.apply("alice", "{replicas: 1}"));
    CHECK(other.spec() == yaml("{replicas: 1, paused: true}"));
  }
  SECTION("list items") {
    Story lists;
    REQUIRE(lists.apply("alice", "{template: {spec: {containers: [{name: a, image: x}, {name: b, image: z}]}}}"));
    REQUIRE(lists.apply("bob", "{template: {spec: {containers: [{name: b, tty: true}]}}}"));
    REQUIRE(lists.apply("alice", "{template: {spec: {containers: [{name: c}]}}}"));
    CHECK(lists.spec() == yaml("{template: {spec: {containers: [{name: b, tty: true}, {name: c}]}}}"));
  }
}

TEST_CASE("an object without managers gets one before the first apply") {
  Story story;
  story.update("alice", "{replicas: 3, paused: true}");
  story.managers = Managers();
  const auto refused = story.apply("bob", "{replicas: 4}");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        R"(Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas)");
  REQUIRE(story.apply("bob", "{replicas: 4}", true));
  CHECK(story.owners() == Owners{"before-first-apply Update .spec.paused", "bob Apply .spec.replicas"});
}

TEST_CASE("entries of other versions are kept, those of unknown ones dropped") {
  Story story;
  REQUIRE(story.apply("alice", "{replicas: 3}", false, "apps/v1beta2"));
  Manager stranger;
  stranger.name = "stranger";
  stranger.api_version = "apps/v7";
  stranger.fields = api::managed_fields::FieldSet{{"spec", "paused"}};
  story.managers.put(stranger);
  CHECK(story.apply("bob", "{replicas: 4}").error().message ==
        R"(Apply failed with 1 conflict: conflict with "alice": .spec.replicas)");
  REQUIRE(story.apply("alice", "{paused: true}", false, "apps/v1"));
  CHECK(story.spec() == yaml("{paused: true}"));
  CHECK(story.owners() == Owners{"alice Apply .spec.paused"});
}

TEST_CASE("a configuration of another form is refused as upstream does") {
  Story story;
  const auto refused = story.apply("alice", "{replicas: x, foo: 1}");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == 500);
  CHECK(
      refused.error().message ==
      "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema");
}
