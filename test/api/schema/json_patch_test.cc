#include "api/schema/merge.h"

#include <catch2/catch.hpp>

using namespace skiff::api::schema;
using skiff::Json;

namespace {

Json json(std::string_view text) { return Json::parse(text); }

// The patched document, or the error's message.
Json patched(const char* document, const char* patch) {
  const auto result = apply_json_patch(json(document), json(patch));
  return result ? *result : Json(result.error().message);
}

constexpr const char* kRefused = "the server rejected our request due to an error in our request";

}  // namespace

TEST_CASE("JSON patch operations") {
  struct Row {
    const char* document;
    const char* patch;
    const char* result;
  };
  const Row row =
      GENERATE(Row{R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
               Row{R"({"a":1})", R"([{"op":"add","path":"/a","value":null}])", R"({"a":null})"},
               Row{R"({"a":1})", R"([{"op":"add","path":"/a"}])", R"({"a":null})"},
               Row{R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
               Row{R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
               Row{R"({"a":[1]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2]})"},
               Row{R"({"a":[1,2]})", R"([{"op":"add","path":"/a/-1","value":3}])", R"({"a":[1,3,2]})"},
               Row{R"({"a":{"b/c":1,"d~e":2}})",
                   R"([{"op":"remove","path":"/a/b~1c"},{"op":"remove","path":"/a/d~0e"}])", R"({"a":{}})"},
               Row{R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/0"}])", R"({"a":[2,3]})"},
               Row{R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"x":1}}])", R"({"a":{"x":1}})"},
               Row{R"({"a":[1,2]})", R"([{"op":"replace","path":"/a/1","value":5}])", R"({"a":[1,5]})"},
               Row{R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":1}}])", R"({"b":1})"},
               Row{R"({"a":{"b":1}})", R"([{"op":"move","from":"/a/b","path":"/c"}])", R"({"a":{},"c":1})"},
               Row{R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])", R"({"a":[2,3,1]})"},
               Row{R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])", R"({"a":{"b":1},"c":{"b":1}})"},
               Row{R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"replace","path":"/a","value":2}])",
                   R"({"a":2})"},
               Row{R"({"a":{"x":[1]}})", R"([{"op":"test","path":"/a","value":{"x":[1]}}])", R"({"a":{"x":[1]}})"},
               Row{R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])", R"({"a":1})"},
               Row{R"({"":1})", R"([{"op":"remove","path":"/"}])", R"({})"}, Row{R"({"a":1})", "[]", R"({"a":1})"});
  INFO(row.patch);
  CHECK(patched(row.document, row.patch) == json(row.result));
}

TEST_CASE("JSON patches that cannot be applied are refused") {
  const char* patch = GENERATE(
      R"([{"op":"add","path":"/x/y","value":1}])", R"([{"op":"add","path":"/list/9","value":1}])",
      R"([{"op":"add","path":"/list/-9","value":1}])", R"([{"op":"add","path":"/list/x","value":1}])",
      R"([{"op":"add","path":"/list/","value":1}])", R"([{"op":"add","path":"/text/x","value":1}])",
      R"([{"op":"add","value":1}])", R"([{"op":"add","path":"x","value":1}])", R"([null])",
      R"([{"op":"remove","path":"/x"}])", R"([{"op":"remove","path":""}])", R"([{"op":"remove","path":"/list/3"}])",
      R"([{"op":"remove","path":"/list/-"}])", R"([{"op":"replace","path":"/x","value":1}])",
      R"([{"op":"move","from":"/x","path":"/y"}])", R"([{"op":"move","path":"/y"}])",
      R"([{"op":"move","from":"/object","path":"/object/inside"}])", R"([{"op":"test","path":"/text","value":"no"}])",
      R"([{"op":"test","path":"/x","value":1}])", R"([{"op":"twist","path":"/text"}])", R"([{}])",
      R"([{"op":"remove","path":"/text"},{"op":"test","path":"/text","value":"a"}])");
  INFO(patch);
  const auto result = apply_json_patch(json(R"({"list":[1,2,3],"text":"a","object":{}})"), json(patch));
  REQUIRE_FALSE(result);
  CHECK(result.error().message == kRefused);
  CHECK(result.error().code() == 422);
}

TEST_CASE("JSON patches of the wrong shape are refused") {
  const std::string cannot = "error decoding patch: json: cannot unmarshal ";
  CHECK(patched("{}", "{}") == cannot + "object into Go value of type []handlers.jsonPatchOp");
  CHECK(patched("{}", R"(["x"])") == cannot + "string into Go value of type handlers.jsonPatchOp");
  CHECK(patched("{}", R"([{"op":"add","path":5}])") ==
        cannot + "number into Go struct field jsonPatchOp.path of type string");
  CHECK(apply_json_patch(json("{}"), json("5")).error().code() == 400);
  Json many = Json::array();
  for (int i = 0; i < 10001; ++i) many.push_back({{"op", "test"}, {"path", ""}, {"value", Json::object()}});
  const auto result = apply_json_patch(Json::object(), many);
  REQUIRE_FALSE(result);
  CHECK(result.error().message == "The allowed maximum operations in a JSON patch is 10000, got 10001");
  CHECK(result.error().code() == 413);
}

TEST_CASE("copies can neither fill the memory nor nest without end") {
  Json doubling = Json::array();
  for (int i = 0; i < 60; ++i) doubling.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/-"}});
  CHECK(patched(R"({"a":["x"]})", doubling.dump().c_str()) == kRefused);
  Json nesting = Json::array();
  std::string path;
  for (int i = 0; i < 300; ++i) {
    path += "/a";
    nesting.push_back({{"op", "add"}, {"path", path}, {"value", Json::object()}});
  }
  CHECK(patched("{}", nesting.dump().c_str()) == kRefused);
}

TEST_CASE("merge patches") {
  const auto merged = [](const char* document, const char* patch) {
    const auto result = apply_merge_patch(json(document), json(patch));
    return result ? *result : Json(result.error().message);
  };
  CHECK(merged(R"({"a":"b"})", R"({"a":"c"})") == json(R"({"a":"c"})"));
  CHECK(merged(R"({"a":"b"})", R"({"b":"c"})") == json(R"({"a":"b","b":"c"})"));
  CHECK(merged(R"({"a":"b","b":"c"})", R"({"a":null})") == json(R"({"b":"c"})"));
  CHECK(merged(R"({"a":["b"]})", R"({"a":"c"})") == json(R"({"a":"c"})"));
  CHECK(merged(R"({"a":"c"})", R"({"a":["b"]})") == json(R"({"a":["b"]})"));
  CHECK(merged(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})") == json(R"({"a":{"b":"d"}})"));
  CHECK(merged(R"({"a":[{"b":"c"}]})", R"({"a":[1]})") == json(R"({"a":[1]})"));
  CHECK(merged(R"({"e":null})", R"({"a":1})") == json(R"({"e":null,"a":1})"));
  CHECK(merged(R"({})", R"({"a":{"bb":{"ccc":null}}})") == json(R"({"a":{"bb":{}}})"));
  CHECK(merged("{}", "[]") ==
        "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
}
