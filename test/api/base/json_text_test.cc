#include "api/base/json_text.h"

#include "api/base/json.h"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace skiff;

namespace {

using Parts = std::vector<std::pair<std::string, std::string>>;

Parts parts_of(std::string_view text) {
  Parts parts;
  for (JsonTextWalker walker(text); walker.next();) parts.emplace_back(walker.name(), walker.value());
  return parts;
}

}  // namespace

TEST_CASE("members and elements of JSON text") {
  CHECK(parts_of("{}").empty());
  CHECK(parts_of("[]").empty());
  CHECK(parts_of(R"({"a":1,"b":"x","c":{"d":[{}]},"e":[],"f":null})") ==
        Parts{{"a", "1"}, {"b", R"("x")"}, {"c", R"({"d":[{}]})"}, {"e", "[]"}, {"f", "null"}});
  CHECK(parts_of(R"([true,"a",{"b":[1,2]},[[3]]])") ==
        Parts{{"", "true"}, {"", R"("a")"}, {"", R"({"b":[1,2]})"}, {"", "[[3]]"}});
}

TEST_CASE("brackets and quotes inside of strings end nothing") {
  const Json document{{"a}", "{[\"]}"}, {"b\\\"", "\\"}, {"c", {"\\\\\"", ","}}};
  Parts expected;
  for (const auto& [name, value] : document.items()) {
    const std::string quoted = to_json_text(name);
    expected.emplace_back(quoted.substr(1, quoted.size() - 2), to_json_text(value));
  }
  CHECK(parts_of(to_json_text(document)) == expected);
}

TEST_CASE("a member by its name") {
  CHECK(json_text_member(R"({"a":{"b":1},"b":2})", "b") == "2");
  CHECK(json_text_member(R"({"a":{"b":1}})", "b").empty());
  CHECK(json_text_string(R"("a/b")") == "a/b");
  CHECK(json_text_string(R"("a\"\u00e4")") == "a\"\xc3\xa4");
  CHECK(json_text_string("1").empty());
}

TEST_CASE("text that is cut off ends the walk") {
  const std::string text = R"({"a":{"b":["c\"",1]},"d":"e"})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string cut = text.substr(0, size);
    for (JsonTextWalker walker(cut); walker.next();) {
      CHECK(walker.value().data() + walker.value().size() <= cut.data() + cut.size());
      (void)parts_of(walker.value());
    }
  }
}
