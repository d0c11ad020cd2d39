#include "api/schema/decode.h"
#include "api/schema/merge.h"
#include "api/schema/validate.h"

#include <catch2/catch.hpp>

#include <random>

// Random damage to real documents and patches, from fixed seeds: whatever comes in, the engine answers and keeps its
// word. Worth most under AddressSanitizer.

using namespace skiff::api::schema;
using skiff::Json;

namespace {

const Json kDocuments = Json::parse(R"([
  {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"a":"b"},"finalizers":["x","y"],
   "creationTimestamp":"2026-11-22T14:53:01Z","ownerReferences":[{"uid":"1"}]},
   "spec":{"replicas":3,"selector":{"matchLabels":{"a":"b"}},"strategy":{"rollingUpdate":{"maxSurge":"25%"}},
   "template":{"metadata":{"labels":{"a":"b"}},"spec":{"nodeSelector":{"x":"y"},"volumes":[{"name":"v","emptyDir":{}}],
   "containers":[{"name":"c","image":"i","args":["a"],"env":[{"name":"E","value":"1"}],"ports":[{"containerPort":80}],
   "resources":{"limits":{"cpu":"1","memory":"1Gi"}}},{"name":"d"}]}}}},
  {"spec":{"$setElementOrder/containers":[{"name":"c"}],"template":{"spec":{"$setElementOrder/containers":[{"name":"d"},{"name":"c"}],
   "containers":[{"name":"c","$patch":"replace","image":"j"},{"name":"d","$patch":"delete"}],"volumes":[{"$patch":"replace"}],
   "nodeSelector":{"$patch":"delete"}}},"strategy":{"$retainKeys":["type"],"type":"Recreate"}},
   "metadata":{"$deleteFromPrimitiveList/finalizers":["x"],"finalizers":["z"],"labels":null}},
  [{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"e"}},{"op":"move","from":"/metadata","path":"/spec/x"},
   {"op":"copy","from":"/spec","path":"/spec/template/spec"},{"op":"test","path":"/spec/replicas","value":3},
   {"op":"remove","path":"/spec/template/spec/containers/0"},{"op":"replace","path":"/spec/replicas","value":{}}]
])");

class Damager {
 public:
  explicit Damager(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  // Changes a few random places.
  Json damage(Json document) {
    for (std::size_t i = 0, count = 1 + below(3); i < count; ++i) place(document) = replacement();
    return document;
  }

 private:
  Json& place(Json& value) {
    if (!value.is_structured() || value.empty() || below(5) == 0) return value;
    return place(*std::next(value.begin(), static_cast<std::ptrdiff_t>(below(value.size()))));
  }

  Json replacement() {
    static const Json kValues =
        Json::parse(R"([null,true,0,-1,1.5,1e300,18446744073709551615,"","x","1Gi","2026-02-30T00:00:00Z",
        [],{},[null],[[]],["x"],[{}],[1,"x"],{"":{}},{"$patch":"merge"},{"$patch":5},{"$retainKeys":[1]},{"name":"c"},
        [{"name":"c"},{"name":"c"}],{"$setElementOrder/":[]},{"$deleteFromPrimitiveList/x":[]},"/spec/replicas","/-1","~2"])");
    return kValues[below(kValues.size())];
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("damaged documents and patches are survived") {
  static const std::unique_ptr<const Catalog> catalog = Catalog::builtin();
  const Struct& deployment = *catalog->find_kind("apps", "v1", "Deployment");
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Damager damager(seed);
    const Json document = damager.damage(kDocuments[0]);
    const auto strategic = apply_strategic_merge_patch(deployment, document, damager.damage(kDocuments[1]));
    const auto json = apply_json_patch(document, damager.damage(kDocuments[2]));
    const auto merge = apply_merge_patch(document, damager.damage(kDocuments[1]));
    for (const auto* result : {&strategic, &json, &merge}) {
      auto decoded = decode(deployment, *result ? **result : document);
      if (!decoded) {
        CHECK(decoded.error().code() == 400);
        continue;
      }
      apply_defaults(deployment, decoded->object);
      skiff::api::FieldErrors errors;
      validate(deployment, decoded->object, "", errors);
      // What was decoded once is a fixed point.
      auto again = decode(deployment, decoded->object);
      INFO("seed " << seed << ": " << decoded->object.dump());
      REQUIRE(again);
      apply_defaults(deployment, again->object);
      REQUIRE(again->unknown_fields.empty());
      REQUIRE(again->object == decoded->object);
    }
  }
}

TEST_CASE("documents at the limit of depth are decoded") {
  std::string text = "1";
  for (int i = 0; i < 250; ++i) text = "{\"spec\":" + text + "}";
  static const std::unique_ptr<const Catalog> catalog = Catalog::builtin();
  const auto parsed = skiff::parse_json(text);
  REQUIRE(parsed);
  const auto decoded = decode(*catalog->find_kind("", "v1", "Pod"), parsed->value);
  REQUIRE(decoded);
  CHECK(decoded->unknown_fields == std::vector<std::string>{"unknown field \"spec.spec\""});
}

TEST_CASE("patches with very long lists are merged, or refused, in reasonable time") {
  static const std::unique_ptr<const Catalog> catalog = Catalog::builtin();
  const Struct& pod = *catalog->find_kind("", "v1", "Pod");
  constexpr int kCount = 5000;
  Json finalizers = Json::array(), more = Json::array(), containers = Json::array(), deletions = Json::array();
  for (int i = 0; i < kCount; ++i) {
    finalizers.push_back("a" + std::to_string(i));
    more.push_back("b" + std::to_string(i));
    containers.push_back({{"name", std::to_string(i)}});
    deletions.push_back({{"name", std::to_string(i)}, {"$patch", "delete"}});
  }
  const Json object = {{"metadata", {{"finalizers", finalizers}}}, {"spec", {{"containers", containers}}}};
  const Json added = {{"metadata", {{"finalizers", more}}}, {"spec", {{"containers", containers}}}};
  const auto merged = apply_strategic_merge_patch(pod, object, added);
  REQUIRE(merged);
  CHECK((*merged)["metadata"]["finalizers"].size() == 2 * kCount);
  CHECK((*merged)["spec"]["containers"] == containers);
  const Json removed = {{"metadata", {{"$deleteFromPrimitiveList/finalizers", finalizers}}},
                        {"spec", {{"containers", deletions}}}};
  const auto emptied = apply_strategic_merge_patch(pod, object, removed);
  REQUIRE(emptied);
  CHECK(emptied->dump() == R"({"metadata":{"finalizers":[]},"spec":{"containers":[]}})");

  Json shifting = Json::array();
  for (int i = 0; i < 10'000; ++i) shifting.push_back({{"op", "add"}, {"path", "/a/0"}, {"value", 1}});
  CHECK_FALSE(apply_json_patch({{"a", Json(Json::array_t(100'000))}}, shifting));
  Json moving = Json::array();
  for (int i = 0; i < 10'000; ++i) {
    moving.push_back({{"op", "move"}, {"from", i % 2 ? "/b" : "/a"}, {"path", i % 2 ? "/a" : "/b"}});
  }
  CHECK_FALSE(apply_json_patch({{"a", Json(Json::array_t(100'000))}}, moving));
  CHECK(apply_json_patch({{"a", 1}}, moving));
}
