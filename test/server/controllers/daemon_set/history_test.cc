#include "server/controllers/daemon_set/history.h"

#include "api/views/meta.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using api::ObjectPtr;

namespace {

Json daemon_set_of(const std::string& image) {
  return Json{{"metadata", {{"name", "log"}, {"namespace", "default"}, {"uid", "ds"}, {"annotations", {{"a", "b"}}}}},
              {"spec",
               {{"revisionHistoryLimit", 2},
                {"template",
                 {{"metadata", {{"creationTimestamp", nullptr}, {"labels", {{"app", "log"}}}}},
                  {"spec", {{"containers", Json::array({{{"image", image}}})}}}}}}}};
}

ObjectPtr revision(const std::string& image, int number, const std::string& name = "") {
  Json object = new_revision(daemon_set_of(image), number);
  if (!name.empty()) object["metadata"]["name"] = name;
  return std::make_shared<const Json>(std::move(object));
}

}  // namespace

TEST_CASE("A revision restores the template") {
  const Json made = new_revision(daemon_set_of("a"), 3);
  const std::string hash = hash_of(made);
  CHECK(hash.size() > 4);
  CHECK(made["metadata"]["name"] == "log-" + hash);
  CHECK(made["metadata"]["labels"] == Json{{"app", "log"}, {"controller-revision-hash", hash}});
  CHECK(made["metadata"]["annotations"] == Json{{"a", "b"}});
  CHECK(api::is_controlled_by(made, daemon_set_of("a")));
  CHECK(made["revision"] == 3);
  // As Go's kubectl writes it.
  CHECK(to_json_text(made["data"]) ==
        R"({"spec":{"template":{"$patch":"replace","metadata":{"creationTimestamp":null,"labels":{"app":"log"}},)"
        R"("spec":{"containers":[{"image":"a"}]}}}})");

  Json collided = daemon_set_of("a");
  collided["status"]["collisionCount"] = 1;
  CHECK(hash_of(new_revision(collided, 3)) != hash);
  CHECK(hash_of(new_revision(daemon_set_of("b"), 3)) != hash);
}

TEST_CASE("The present revision has the highest number") {
  SECTION("none yet") {
    const HistoryPlan plan = plan_history(daemon_set_of("a"), {});
    CHECK(!plan.current);
    CHECK(plan.number == 1);
  }
  SECTION("a new template") {
    const HistoryPlan plan = plan_history(daemon_set_of("c"), {revision("a", 1), revision("b", 4)});
    CHECK(!plan.current);
    CHECK(plan.number == 5);
    CHECK(plan.old.size() == 2);
  }
  SECTION("the present one") {
    const HistoryPlan plan = plan_history(daemon_set_of("b"), {revision("a", 1), revision("b", 4)});
    REQUIRE(plan.current);
    CHECK(plan.number == 4);
  }
  SECTION("one that came back") {
    const HistoryPlan plan = plan_history(daemon_set_of("a"), {revision("a", 1), revision("b", 4)});
    REQUIRE(plan.current);
    CHECK(integer_at(*plan.current, {"revision"}) == 1);
    CHECK(plan.number == 5);
  }
  SECTION("duplicates") {
    const HistoryPlan plan = plan_history(daemon_set_of("a"), {revision("a", 1, "x"), revision("a", 2, "y")});
    CHECK(api::name_of(*plan.current) == "y");
    REQUIRE(plan.duplicates.size() == 1);
    CHECK(api::name_of(*plan.duplicates[0]) == "x");
  }
}

TEST_CASE("Old revisions are kept up to the limit, and while they have pods") {
  const std::vector<ObjectPtr> old = {revision("d", 4), revision("a", 1), revision("c", 3), revision("b", 2)};
  const auto surplus = surplus_history(daemon_set_of("e"), old, {});
  REQUIRE(surplus.size() == 2);
  CHECK(integer_at(*surplus[0], {"revision"}) == 1);
  CHECK(integer_at(*surplus[1], {"revision"}) == 2);

  const auto pod =
      std::make_shared<const Json>(Json{{"metadata", {{"labels", {{"controller-revision-hash", hash_of(*old[1])}}}}}});
  const auto without_used = surplus_history(daemon_set_of("e"), old, {pod});
  REQUIRE(without_used.size() == 2);
  CHECK(integer_at(*without_used[0], {"revision"}) == 2);
  CHECK(surplus_history(daemon_set_of("e"), {old[0]}, {}).empty());
}
