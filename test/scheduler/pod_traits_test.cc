#include "scheduler/pod_traits.h"

#include "test/scheduler/topology_objects.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

constexpr const char* kAlone = R"({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "zone", "labelSelector": {}}]}}})";

PodTraitsPtr traits_of(const Json& pod) { return PodTraits::of_pod(pod); }

}  // namespace

TEST_CASE("TraitsPool keeps equal traits once") {
  TraitsPool pool;
  const PodTraitsPtr first = pool.add_pod(traits_of(labelled_pod("a", "web")));
  CHECK(pool.add_pod(traits_of(labelled_pod("b", "web"))) == first);
  const PodTraitsPtr other = pool.add_pod(traits_of(labelled_pod("c", "db")));
  CHECK(other != first);
  CHECK(pool.size() == 2);
  CHECK(pool.terms().empty());
  Json elsewhere = labelled_pod("a", "web");
  elsewhere["metadata"]["namespace"] = "other";
  CHECK(pool.add_pod(traits_of(elsewhere)) != first);

  pool.remove_pod(*first);
  CHECK(pool.size() == 3);
  pool.remove_pod(*first);
  CHECK(pool.size() == 2);
}

TEST_CASE("TraitsPool keeps equal terms of different traits once, and tells of new ones") {
  TraitsPool pool;
  const PodTraitsPtr first = pool.add_pod(traits_of(labelled_pod("a", "web-0", kAlone)));
  const std::uint64_t version = pool.terms_version();
  CHECK(version != 0);
  const PodTraitsPtr second = pool.add_pod(traits_of(labelled_pod("b", "web-1", kAlone)));
  CHECK(first != second);
  CHECK(first->terms == second->terms);
  CHECK(pool.terms().size() == 1);
  CHECK(pool.terms_version() == version);

  pool.remove_pod(*first);
  CHECK(pool.terms().size() == 1);
  pool.remove_pod(*second);
  CHECK(pool.terms().empty());
  pool.add_pod(first);
  CHECK(pool.terms_version() != version);
}

TEST_CASE("Pods without terms on others have none") {
  CHECK(traits_of(labelled_pod("a", "web"))->terms == nullptr);
  CHECK(traits_of(labelled_pod("a", "web", R"({"affinity": {"nodeAffinity": {}, "podAffinity": {}}})"))->terms ==
        nullptr);
  CHECK(traits_of(labelled_pod("a", "web", kAlone))->terms->required_anti_affinity.size() == 1);
}

TEST_CASE("PodTerm") {
  Namespaces namespaces;
  namespaces.set("default", {{"team", "a"}});
  namespaces.set("other", {{"team", "b"}});
  struct Row {
    const char* name;
    const char* members;
    const char* namespace_;
    bool matches;
  };
  const Row rows[] = {
      {"of the pod's own namespace", R"("labelSelector": {"matchLabels": {"app": "web"}})", "default", true},
      {"and of no other", R"("labelSelector": {"matchLabels": {"app": "web"}})", "other", false},
      {"with other labels", R"("labelSelector": {"matchLabels": {"app": "db"}})", "default", false},
      {"by an expression", R"("labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]})",
       "default", true},
      {"no selector matches nothing", R"("namespaces": ["default"])", "default", false},
      {"an empty one matches all", R"("labelSelector": {})", "default", true},
      {"in named namespaces", R"("labelSelector": {}, "namespaces": ["other"])", "other", true},
      {"which the own one is not among", R"("labelSelector": {}, "namespaces": ["other"])", "default", false},
      {"in selected namespaces", R"("labelSelector": {}, "namespaceSelector": {"matchLabels": {"team": "b"}})", "other",
       true},
      {"which the own one is not among, either",
       R"("labelSelector": {}, "namespaceSelector": {"matchLabels": {"team": "b"}})", "default", false},
      {"in all namespaces", R"("labelSelector": {}, "namespaceSelector": {})", "unknown", true},
      {"in named or selected ones",
       R"("labelSelector": {}, "namespaces": ["default"], "namespaceSelector": {"matchLabels": {"team": "b"}})",
       "default", true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::string spec =
          R"({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone", )" +
          std::string(row.members) + "}]}}}";
      const PodTraitsPtr owner = traits_of(labelled_pod("a", "x", spec));
      Json pod = labelled_pod("b", "web");
      pod["metadata"]["namespace"] = row.namespace_;
      CHECK(owner->terms->required_affinity.at(0).matches(*traits_of(pod), namespaces) == row.matches);
      CHECK(owner->terms->concern(*traits_of(pod), namespaces) == row.matches);
    }
  }
}

TEST_CASE("Preferred terms have the weight of what they want") {
  const PodTraitsPtr owner = traits_of(labelled_pod("a", "x", R"({"affinity": {
      "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 10, "podAffinityTerm": {"topologyKey": "zone"}}]},
      "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 7, "podAffinityTerm": {"topologyKey": "zone", "namespaceSelector": {}}}]}}})"));
  REQUIRE(owner->terms->preferred.size() == 2);
  CHECK(owner->terms->preferred[0].weight == 10);
  CHECK(owner->terms->preferred[1].weight == -7);
  CHECK(owner->terms->select_namespaces());
}
