#include "api/schema/merge.h"
#include "test/api/catalog.h"

#include <catch2/catch.hpp>

using namespace skiff::api::schema;
using skiff::Json;
using skiff::test::kind_v1;

namespace {

struct Row {
  const char* name;
  const char* original;
  const char* patch;
  const char* result;  // a document, or the error's message
};

Json patched(const Struct& type, const char* original, const char* patch) {
  const auto result = apply_strategic_merge_patch(type, Json::parse(original), Json::parse(patch));
  return result ? *result : Json(result.error().message);
}

Json expected(const char* text) { return text[0] == '{' ? Json::parse(text) : Json(text); }

}  // namespace

TEST_CASE("strategic merge patch of objects and maps") {
  const Row row = GENERATE(values<Row>({
      {"adds, changes and leaves", R"({"metadata":{"name":"a","uid":"u"}})",
       R"({"metadata":{"name":"b","namespace":"n"}})", R"({"metadata":{"name":"b","namespace":"n","uid":"u"}})"},
      {"null deletes", R"({"metadata":{"name":"a","labels":{"x":"1","y":"2"}}})",
       R"({"metadata":{"labels":{"x":null,"z":null}}})", R"({"metadata":{"name":"a","labels":{"y":"2"}}})"},
      {"null deletes an object", R"({"metadata":{"labels":{"x":"1"},"name":"a"}})", R"({"metadata":{"labels":null}})",
       R"({"metadata":{"name":"a"}})"},
      {"nulls of what is added are dropped", R"({})", R"({"metadata":{"name":"a","labels":{"x":null,"y":"1"}}})",
       R"({"metadata":{"name":"a","labels":{"y":"1"}}})"},
      {"an empty patch changes nothing", R"({"metadata":{"name":"a"}})", R"({})", R"({"metadata":{"name":"a"}})"},
      {"maps merge by key", R"({"spec":{"nodeSelector":{"a":"1","b":"2"}}})",
       R"({"spec":{"nodeSelector":{"b":"3","c":"4"}}})", R"({"spec":{"nodeSelector":{"a":"1","b":"3","c":"4"}}})"},
      {"$patch: replace replaces an object", R"({"spec":{"nodeSelector":{"a":"1"},"nodeName":"n"}})",
       R"({"spec":{"nodeSelector":{"$patch":"replace","b":"2"}}})",
       R"({"spec":{"nodeSelector":{"b":"2"},"nodeName":"n"}})"},
      {"$patch: delete empties an object", R"({"spec":{"nodeSelector":{"a":"1"}}})",
       R"({"spec":{"nodeSelector":{"$patch":"delete"}}})", R"({"spec":{"nodeSelector":{}}})"},
      {"$patch: replace at the top", R"({"metadata":{"name":"a"},"spec":{}})",
       R"({"$patch":"replace","metadata":{"name":"b"}})", R"({"metadata":{"name":"b"}})"},
      {"$patch: delete of what is not there", R"({"spec":{}})", R"({"spec":{"nodeSelector":{"$patch":"delete"}}})",
       R"({"spec":{}})"},
      {"$patch: replace of what is not there", R"({"spec":{}})",
       R"({"spec":{"nodeSelector":{"$patch":"replace","a":"1"}}})", R"({"spec":{"nodeSelector":{"a":"1"}}})"},
      {"an unknown directive", R"({"spec":{"nodeSelector":{}}})",
       R"({"spec":{"nodeSelector":{"$patch":"twist","a":"1"}}})",
       "unknown patch type: twist in map: map[$patch:twist a:1]"},
      {"a value of another type replaces", R"({"metadata":{"labels":{"a":"1"}}})", R"({"metadata":{"labels":"x"}})",
       R"({"metadata":{"labels":"x"}})"},
      {"unknown fields are left to the decoder", R"({"spec":{}})", R"({"spec":{"zzz":{"a":[1]}}})",
       R"({"spec":{"zzz":{"a":[1]}}})"},
  }));
  INFO(row.name);
  CHECK(patched(kind_v1("", "Pod"), row.original, row.patch) == expected(row.result));
}

TEST_CASE("strategic merge patch of lists with a merge key") {
  const Row row = GENERATE(values<Row>({
      {"an element with the same key is merged",
       R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}})",
       R"({"spec":{"containers":[{"name":"b","image":"2"}]}})",
       R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}})"},
      {"a new element comes first, as in upstream's documentation", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"b"}]}})", R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"},
      {"a known element keeps its place before a new one", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
       R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"c"}]}})",
       R"({"spec":{"containers":[{"name":"a","image":"x"},{"name":"c"},{"name":"b"}]}})"},
      {"elements of the patch take its order", R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"b"},{"name":"c"},{"name":"a"}]}})"},
      {"lists inside of merged elements are merged, too",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"Y","value":"3"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"X","value":"1"},{"name":"Y","value":"3"}]}]}})"},
      {"a number as key", R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"UDP"},{"containerPort":81}]}]}})",
       R"({"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x","protocol":"UDP"},{"containerPort":81}]}]}})"},
      {"null deletes a field of an element", R"({"spec":{"containers":[{"name":"a","image":"1"}]}})",
       R"({"spec":{"containers":[{"name":"a","image":null}]}})", R"({"spec":{"containers":[{"name":"a"}]}})"},
      {"$patch: delete removes the element", R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
       R"({"spec":{"containers":[{"name":"b","$patch":"delete"}]}})",
       R"({"spec":{"containers":[{"name":"a"},{"name":"c"}]}})"},
      {"$patch: delete of an element that is not there", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"x","$patch":"delete"}]}})", R"({"spec":{"containers":[{"name":"a"}]}})"},
      {"$patch: delete, and an addition", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"a","$patch":"delete"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"b"}]}})"},
      {"$patch: replace keeps only the patch's elements", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"$patch":"replace"},{"name":"d","image":null}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"d"}]}})"},
      {"$patch: replace alone empties the list", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"$patch":"replace"}]}})", R"({"spec":{"containers":[]}})"},
      {"directives in a list that is not there", R"({"spec":{}})",
       R"({"spec":{"containers":[{"name":"a"},{"$patch":"replace"},{"name":"b","$patch":"delete"}]}})",
       R"({"spec":{"containers":[{"name":"a"}]}})"},
      {"directives inside of a new element", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"b","$setElementOrder/env":[{"name":"X"}],"env":[{"name":"X"},{"name":"Y","$patch":"delete"}]}]}})",
       R"({"spec":{"containers":[{"name":"b","env":[{"name":"X"}]},{"name":"a"}]}})"},
      {"$patch: merge", R"({"spec":{"containers":[{"name":"a"}]}})", R"({"spec":{"containers":[{"$patch":"merge"}]}})",
       "merging lists cannot yet be specified in the patch"},
      {"an unknown directive", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"a","$patch":"x"}]}})", "unknown patch type: x in map: map[$patch:x name:a]"},
      {"an element without the key", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"image":"x"}]}})", "map: map[image:x] does not contain declared merge key: name"},
      {"a delete without the key", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"containers":[{"$patch":"delete"}]}})",
       "map: map[$patch:delete] does not contain declared merge key: name"},
      {"elements of mixed kinds", R"({"spec":{"containers":[{"name":"a"}]}})", R"({"spec":{"containers":["x"]}})",
       "list element types are not identical: [[map[name:a]] [x]]"},
      {"lists of lists", R"({"spec":{"containers":[[1]]}})", R"({"spec":{"containers":[[2]]}})",
       "the server rejected our request due to an error in our request"},
      {"a list without a merge strategy is replaced", R"({"spec":{"tolerations":[{"key":"a"},{"key":"b"}]}})",
       R"({"spec":{"tolerations":[{"key":"c"}]}})", R"({"spec":{"tolerations":[{"key":"c"}]}})"},
      {"command and args are replaced", R"({"spec":{"containers":[{"name":"a","args":["1","2"]}]}})",
       R"({"spec":{"containers":[{"name":"a","args":["3"]}]}})",
       R"({"spec":{"containers":[{"name":"a","args":["3"]}]}})"},
      {"null deletes a list", R"({"spec":{"volumes":[{"name":"v"}]}})", R"({"spec":{"volumes":null}})",
       R"({"spec":{}})"},
      {"owner references merge by uid", R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a"}]}})",
       R"({"metadata":{"ownerReferences":[{"uid":"1","controller":true},{"uid":"2"}]}})",
       R"({"metadata":{"ownerReferences":[{"uid":"1","name":"a","controller":true},{"uid":"2"}]}})"},
  }));
  INFO(row.name);
  CHECK(patched(kind_v1("", "Pod"), row.original, row.patch) == expected(row.result));
}

TEST_CASE("strategic merge patch of scalar sets") {
  const Row row = GENERATE(values<Row>({
      {"values are added once", R"({"metadata":{"finalizers":["a","b"]}})", R"({"metadata":{"finalizers":["b","c"]}})",
       R"({"metadata":{"finalizers":["a","b","c"]}})"},
      {"values are deleted", R"({"metadata":{"finalizers":["a","b","c"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b","x"]}})", R"({"metadata":{"finalizers":["a","c"]}})"},
      {"deleted and added", R"({"metadata":{"finalizers":["a","b"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"]}})",
       R"({"metadata":{"finalizers":["c","b"]}})"},
      {"deleted and ordered", R"({"metadata":{"finalizers":["a","b","c"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b"],"$setElementOrder/finalizers":["c","a"]}})",
       R"({"metadata":{"finalizers":["c","a"]}})"},
      {"deletion from a list that is not there", R"({"metadata":{}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b"]}})", R"({"metadata":{}})"},
      {"ordered", R"({"metadata":{"finalizers":["a","s","b"]}})",
       R"({"metadata":{"$setElementOrder/finalizers":["b","c","a"],"finalizers":["c"]}})",
       R"({"metadata":{"finalizers":["s","b","c","a"]}})"},
      {"a malformed delete list", R"({"metadata":{"finalizers":["a"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":"a"}})", "invalid patch format of primitive list"},
      {"a delete list without a name", R"({"metadata":{"finalizers":["a"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList":["a"]}})", "invalid patch format of primitive list"},
  }));
  INFO(row.name);
  CHECK(patched(kind_v1("", "Pod"), row.original, row.patch) == expected(row.result));
}

TEST_CASE("$setElementOrder puts what the client knows in order") {
  const Row row = GENERATE(values<Row>({
      {"without changes to the list", R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}})"},
      {"with a change", R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"2"}]}})",
       R"({"spec":{"containers":[{"name":"b"},{"name":"a","image":"2"}]}})"},
      {"with an addition", R"({"spec":{"containers":[{"name":"a"},{"name":"c"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"},{"name":"c"}],"containers":[{"name":"b"}]}})",
       R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})"},
      {"with a deletion", R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"b","$patch":"delete"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"a"}]}})"},
      {"elements that only the server has keep their place",
       R"({"spec":{"containers":[{"name":"injected"},{"name":"a"},{"name":"b"},{"name":"late"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"},{"name":"c"}],"containers":[{"name":"c"}]}})",
       R"({"spec":{"containers":[{"name":"injected"},{"name":"a"},{"name":"b"},{"name":"c"},{"name":"late"}]}})"},
      {"inside of merged elements", R"({"spec":{"containers":[{"name":"a","env":[{"name":"X"},{"name":"Y"}]}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a","$setElementOrder/env":[{"name":"Y"},{"name":"X"}],"env":[{"name":"X","value":"1"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"Y"},{"name":"X","value":"1"}]}]}})"},
      {"two lists of one object", R"({"spec":{"containers":[{"name":"a"}],"volumes":[{"name":"v"},{"name":"w"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"$setElementOrder/volumes":[{"name":"w"},{"name":"v"}],"containers":[{"name":"b"}]}})",
       R"({"spec":{"containers":[{"name":"b"},{"name":"a"}],"volumes":[{"name":"w"},{"name":"v"}]}})"},
      {"of a list that is not there", R"({"spec":{}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b"},{"name":"a"}]}})",
       R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"},
      {"of nothing at all", R"({"spec":{}})", R"({"spec":{"$setElementOrder/containers":[{"name":"b"}]}})",
       R"({"spec":{}})"},
      {"beside a list that is deleted", R"({"spec":{"volumes":[{"name":"v"}]}})",
       R"({"spec":{"$setElementOrder/volumes":[{"name":"v"}],"volumes":null}})", R"({"spec":{}})"},
      {"not a list", R"({"spec":{}})", R"({"spec":{"$setElementOrder/containers":{}}})",
       "invalid patch format of setElementOrder list"},
      {"no name", R"({"spec":{}})", R"({"spec":{"$setElementOrder":[]}})",
       "invalid patch format of setElementOrder list"},
      {"in conflict with the patch's order", R"({"spec":{"containers":[{"name":"a"}]}})",
       R"({"spec":{"$setElementOrder/containers":[{"name":"a"},{"name":"b"}],"containers":[{"name":"b"},{"name":"a"}]}})",
       "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] "
       "map[name:b]]\n"},
  }));
  INFO(row.name);
  CHECK(patched(kind_v1("", "Pod"), row.original, row.patch) == expected(row.result));
}

TEST_CASE("whose fault a strategic merge patch is that cannot be applied") {
  const auto code = [](const char* patch) {
    const Json pod = Json::parse(R"({"spec":{"containers":[{"name":"a"}],"volumes":[[1]]}})");
    const auto result = apply_strategic_merge_patch(kind_v1("", "Pod"), pod, Json::parse(patch));
    REQUIRE_FALSE(result);
    const Json status = skiff::api::to_json(result.error());
    CHECK(status.contains("reason") == (result.error().code() != 500));
    return result.error().code();
  };
  CHECK(code(R"([])") == 400);
  CHECK(code(R"({"spec":{"$retainKeys":"x"}})") == 400);
  CHECK(code(R"({"spec":{"volumes":[[2]]}})") == 422);
  CHECK(code(R"({"spec":{"containers":[{"image":"x"}]}})") == 500);
  CHECK(code(R"({"spec":{"$patch":"x"}})") == 500);
}

TEST_CASE("a budget's selector is replaced as a whole") {
  const char* const budget = R"({"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"1"}}}})";
  CHECK(
      patched(kind_v1("policy", "PodDisruptionBudget"), budget, R"({"spec":{"selector":{"matchLabels":{"b":"2"}}}})") ==
      Json::parse(R"({"spec":{"minAvailable":1,"selector":{"matchLabels":{"b":"2"}}}})"));
  CHECK(patched(kind_v1("apps", "Deployment"), budget, R"({"spec":{"selector":{"matchLabels":{"b":"2"}}}})") ==
        Json::parse(R"({"spec":{"minAvailable":1,"selector":{"matchLabels":{"a":"1","b":"2"}}}})"));
}

TEST_CASE("$retainKeys keeps only the members that it names") {
  const Row row = GENERATE(values<Row>({
      {"another strategy", R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}})",
       R"({"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}})",
       R"({"spec":{"strategy":{"type":"Recreate"}}})"},
      {"a change of what stays",
       R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":2}}}})",
       R"({"spec":{"strategy":{"$retainKeys":["type","rollingUpdate"],"rollingUpdate":{"maxSurge":3}}}})",
       R"({"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":3,"maxUnavailable":2}}}})"},
      {"another source of a volume", R"({"spec":{"template":{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}}})",
       R"({"spec":{"template":{"spec":{"$setElementOrder/volumes":[{"name":"v"}],"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/x"},"emptyDir":null}]}}}})",
       R"({"spec":{"template":{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}}}})"},
      {"a member that is not named", R"({"spec":{"strategy":{"type":"RollingUpdate"}}})",
       R"({"spec":{"strategy":{"$retainKeys":["rollingUpdate"],"type":"Recreate"}}})",
       "invalid patch format of retainKeys"},
      {"not a list", R"({"spec":{"strategy":{"type":"RollingUpdate"}}})",
       R"({"spec":{"strategy":{"$retainKeys":"type"}}})", "invalid patch format of retainKeys"},
  }));
  INFO(row.name);
  CHECK(patched(kind_v1("apps", "Deployment"), row.original, row.patch) == expected(row.result));
}

TEST_CASE("a strategic merge patch must be an object") {
  const auto result = apply_strategic_merge_patch(kind_v1("", "Pod"), Json::object(), Json::array());
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "json: cannot unmarshal array into Go value of type map[string]interface {}");
  CHECK(result.error().code() == 400);
}
