#include "api/base/json.h"

#include <catch2/catch.hpp>

namespace skiff {

TEST_CASE("JSON is parsed within limits") {
  const auto parsed = parse_json(R"({"a": [1, {"b": 2, "b": 3}], "a": 1.5, "c": 18446744073709551615})");
  REQUIRE(parsed);
  CHECK(parsed->value["a"] == 1.5);
  CHECK(parsed->value["c"].is_number_unsigned());
  CHECK(parsed->duplicate_fields == std::vector<std::string>{"a[1].b", "a"});
  CHECK(parse_json("7")->value.is_number_integer());
  CHECK_FALSE(parse_json("7")->value.is_number_unsigned());
}

TEST_CASE("hostile JSON is an error") {
  struct Row {
    const char* name;
    std::string text;
  };
  const Row rows[] = {
      {"empty", ""},
      {"cut short", R"({"a": )"},
      {"more behind", "{} {}"},
      {"not UTF-8", "\"\xff\""},
      {"brackets", std::string(1 << 20, '[')},
      {"braces",
       [] {
         std::string text;
         for (int i = 0; i < 100'000; ++i) text += R"({"a":)";
         return text;
       }()},
      {"number beyond double", "1e999"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto parsed = parse_json(row.text);
      REQUIRE_FALSE(parsed);
      CHECK(parsed.error().code == ErrorCode::kInvalid);
      CHECK_FALSE(parsed.error().message.empty());
      CHECK(parsed.error().message.size() < 500);
    }
  }
  const std::string deepest = std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');
  CHECK(parse_json(deepest));
  CHECK_FALSE(parse_json("[" + deepest + "]"));
}

TEST_CASE("documents are written as nlohmann's own writer does") {
  const Json documents[] = {
      nullptr,
      true,
      Json::object(),
      Json::array(),
      -9223372036854775807,
      18446744073709551615U,
      1.0,
      0.1,
      1e300,
      "",
      "plain ~ text",
      "quote \" backslash \\ slash / line \n tab \t control \x01 delete \x7f",
      "h\u00fclle \u20ac \U0001F600",
      "not UTF-8 \xff\xc3",
      {{"b", {1, {}, Json::object(), {{"c", "d"}}}}, {"a \"quoted\"", false}, {"", Json::array()}},
  };
  for (const Json& document : documents) {
    CHECK(to_json_text(document) == document.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
}

TEST_CASE("walking a document never throws") {
  const Json value = {{"spec", {{"nodeName", "a"}, {"replicas", 3}, {"paused", true}}}};
  CHECK(string_at(value, {"spec", "nodeName"}) == "a");
  CHECK(string_at(value, {"spec", "replicas"}, "none") == "none");
  CHECK(string_at(value, {"spec", "nodeName", "deeper"}).empty());
  CHECK(integer_at(value, {"spec", "replicas"}) == 3);
  CHECK(integer_at(value, {"missing"}, -1) == -1);
  CHECK(bool_at(value, {"spec", "paused"}));
  CHECK(find(value, {"spec"})->size() == 3);
  CHECK(find(Json(nullptr), {"spec"}) == nullptr);
}

}  // namespace skiff
