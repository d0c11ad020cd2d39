#include "server/controllers/deployment/rollout.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;

namespace {

SetSize set(const std::string& name, int replicas, int available, int created = 0) {
  SetSize size;
  size.name = name;
  size.replicas = replicas;
  size.available = available;
  size.created = TimePoint(std::chrono::seconds(created));
  return size;
}

SetSize annotated(SetSize size, int desired, int max) {
  size.desired_replicas = desired;
  size.max_replicas = max;
  return size;
}

RolloutSpec rolling(int replicas, int surge, int unavailable) {
  RolloutSpec spec;
  spec.replicas = replicas;
  spec.max_surge = surge;
  spec.max_unavailable = unavailable;
  return spec;
}

}  // namespace

TEST_CASE("rollout_spec resolves percentages") {
  struct Row {
    const char* name;
    int replicas;
    Json surge, unavailable;
    int expected_surge, expected_unavailable;
  };
  const Row rows[] = {
      {"numbers", 10, 2, 3, 2, 3},
      {"surge rounds up, unavailable down", 10, "25%", "25%", 3, 2},
      {"of one replica", 1, "25%", "25%", 1, 0},
      {"both zero leaves no room, so one may be missing", 10, 0, 0, 0, 1},
      {"both round to zero", 3, 0, "10%", 0, 1},
      {"no more than there are", 2, 0, 5, 0, 2},
      {"nothing at all", 0, "25%", "25%", 0, 0},
      {"more than all", 4, "150%", 0, 6, 0},
      {"nonsense counts as zero", 4, "x%", "10", 0, 1},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Json deployment = {
          {"spec",
           {{"replicas", row.replicas},
            {"strategy",
             {{"type", "RollingUpdate"},
              {"rollingUpdate", {{"maxSurge", row.surge}, {"maxUnavailable", row.unavailable}}}}}}}};
      const RolloutSpec spec = rollout_spec(deployment);
      CHECK(spec.max_surge == row.expected_surge);
      CHECK(spec.max_unavailable == row.expected_unavailable);
    }
  }
  SECTION("Recreate has neither") {
    const Json deployment = {{"spec", {{"replicas", 3}, {"strategy", {{"type", "Recreate"}}}}}};
    const RolloutSpec spec = rollout_spec(deployment);
    CHECK(spec.recreate);
    CHECK(spec.max_surge + spec.max_unavailable == 0);
  }
}

TEST_CASE("new_set_size") {
  struct Row {
    const char* name;
    RolloutSpec spec;
    int new_replicas, old_replicas, expected;
  };
  const Row rows[] = {
      {"the first rollout", rolling(5, 2, 1), 0, 0, 5},
      {"as far as surge allows", rolling(10, 3, 2), 0, 10, 3},
      {"room made by shrinking", rolling(10, 3, 2), 3, 8, 5},
      {"no room", rolling(10, 3, 2), 3, 10, 3},
      {"never beyond what is wanted", rolling(10, 3, 2), 9, 1, 10},
      {"scaled down at once", rolling(4, 1, 1), 9, 3, 4},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const SetSize new_set = set("new", row.new_replicas, 0);
      CHECK(new_set_size(row.spec, new_set, {new_set, set("old", row.old_replicas, 0)}) == row.expected);
    }
  }
}

TEST_CASE("shrink_old_sets") {
  struct Row {
    const char* name;
    RolloutSpec spec;
    SetSize new_set;
    std::vector<SetSize> old_sets;
    Sizes expected;
  };
  const Row rows[] = {
      {"what may be unavailable goes at once", rolling(10, 3, 2), set("new", 0, 0), {set("old", 10, 10)}, {{"old", 8}}},
      {"no more while the new ones are not available", rolling(10, 3, 2), set("new", 5, 0), {set("old", 8, 8)}, {}},
      {"one for each that becomes available", rolling(10, 3, 2), set("new", 5, 2), {set("old", 8, 8)}, {{"old", 6}}},
      {"none may be missing", rolling(10, 3, 0), set("new", 3, 0), {set("old", 10, 10)}, {}},
      {"unhealthy ones go first",
       rolling(10, 3, 2),
       set("new", 2, 2),
       {set("a", 8, 8, 1), set("b", 3, 0, 2)},
       {{"a", 6}, {"b", 0}}},
      {"the oldest goes first",
       rolling(10, 0, 3),
       set("new", 0, 0),
       {set("a", 5, 5, 2), set("b", 5, 5, 1)},
       {{"b", 2}}},
      {"nothing is left to shrink", rolling(3, 1, 1), set("new", 3, 3), {set("old", 0, 0)}, {}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(shrink_old_sets(row.spec, row.new_set, row.old_sets) == row.expected); }
  }
}

TEST_CASE("A rolling update never leaves its bounds and ends") {
  for (const RolloutSpec& spec : {rolling(10, 3, 2), rolling(1, 1, 0), rolling(7, 0, 1), rolling(5, 5, 5)}) {
    SetSize new_set = set("new", 0, 0, 1);
    SetSize old_set = set("old", spec.replicas, spec.replicas);
    int steps = 0;
    while (new_set.available < spec.replicas || old_set.replicas > 0) {
      REQUIRE(++steps < 100);
      const int size = new_set_size(spec, new_set, {new_set, old_set});
      if (size != new_set.replicas) {
        new_set.replicas = size;
      } else {
        const Sizes sizes = shrink_old_sets(spec, new_set, {old_set});
        if (const auto shrunk = sizes.find("old"); shrunk != sizes.end()) {
          old_set.replicas = old_set.available = shrunk->second;
        } else if (new_set.available < new_set.replicas) {
          ++new_set.available;
        }
      }
      CHECK(new_set.replicas + old_set.replicas <= spec.replicas + spec.max_surge);
      CHECK(new_set.available + old_set.available >= spec.replicas - spec.max_unavailable);
    }
  }
}

TEST_CASE("scale_proportionally") {
  struct Row {
    const char* name;
    RolloutSpec spec;
    std::optional<SetSize> new_set;
    std::vector<SetSize> old_sets;
    Sizes expected;
  };
  const Row rows[] = {
      {"the only active one takes all", rolling(8, 2, 2), set("new", 5, 5), {set("old", 0, 0)}, {{"new", 8}}},
      {"the newest when none is active",
       rolling(8, 2, 2),
       std::nullopt,
       {set("a", 0, 0, 1), set("b", 0, 0, 2)},
       {{"b", 8}}},
      {"after a rollout the old ones go",
       rolling(5, 2, 2),
       annotated(set("new", 5, 5), 5, 7),
       {annotated(set("old", 2, 2), 5, 7)},
       {{"old", 0}}},
      {"growing in proportion",
       rolling(20, 4, 2),
       annotated(set("new", 6, 6, 2), 10, 12),
       {annotated(set("old", 6, 6, 1), 10, 12)},
       {{"new", 12}, {"old", 12}}},
      {"rounding gives no more than there is to add",
       rolling(15, 0, 1),
       annotated(set("new", 3, 3, 2), 10, 10),
       {annotated(set("old", 7, 7, 1), 10, 10)},
       {{"old", 11}, {"new", 4}}},
      {"shrinking in proportion",
       rolling(5, 1, 1),
       annotated(set("new", 4, 4, 2), 10, 12),
       {annotated(set("old", 8, 8, 1), 10, 12)},
       {{"new", 2}, {"old", 4}}},
      {"to nothing",
       rolling(0, 0, 0),
       annotated(set("new", 4, 4, 2), 10, 12),
       {annotated(set("old", 8, 8, 1), 10, 12)},
       {{"new", 0}, {"old", 0}}},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) { CHECK(scale_proportionally(row.spec, row.new_set, row.old_sets, 12) == row.expected); }
  }
}

TEST_CASE("is_scaling_event") {
  CHECK(is_scaling_event(rolling(5, 1, 1), {annotated(set("a", 3, 3), 4, 5)}));
  CHECK(!is_scaling_event(rolling(5, 1, 1), {annotated(set("a", 3, 3), 5, 6)}));
  CHECK(!is_scaling_event(rolling(5, 1, 1), {annotated(set("a", 0, 0), 4, 5)}));
  CHECK(!is_scaling_event(rolling(5, 1, 1), {set("a", 3, 3)}));
}
