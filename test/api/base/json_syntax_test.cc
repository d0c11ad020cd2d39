#include "api/base/json_syntax.h"

#include "api/base/json.h"

#include <catch2/catch.hpp>

using namespace skiff;

TEST_CASE("what is wrong with JSON, in Go's words") {
  struct Row {
    std::string_view text;
    const char* error;  // behind "invalid character"; "" is the end of the text
  };
  const Row rows[] = {
      {"", ""},
      {" \n", ""},
      {"{", ""},
      {"[1", ""},
      {"\"a", ""},
      {"\"a\\", ""},
      {"\"\\u00", ""},
      {"-", ""},
      {"1.", ""},
      {"1e+", ""},
      {"tru", ""},
      {"{\"a\":", ""},
      {"nonsense", "'o' in literal null (expecting 'u')"},
      {"trux", "'x' in literal true (expecting 'e')"},
      {"fx", "'x' in literal false (expecting 'a')"},
      {"x", "'x' looking for beginning of value"},
      {"'a'", R"('\'' looking for beginning of value)"},
      {"\"\n\"", R"('\n' in string literal)"},
      {"\"\x01\"", R"('\x01' in string literal)"},
      {"\"\\x\"", "'x' in string escape code"},
      {"\"\\u12g4\"", "'g' in \\u hexadecimal character escape"},
      {"\xc3\xa4", "'\xc3\x83' looking for beginning of value"},
      {"\x80", R"('\u0080' looking for beginning of value)"},
      {"[1,]", "']' looking for beginning of value"},
      {"[1 2]", "'2' after array element"},
      {"[1}", "'}' after array element"},
      {"{a:1}", "'a' looking for beginning of object key string"},
      {"{\"a\":1,}", "'}' looking for beginning of object key string"},
      {"{\"a\" 1}", "'1' after object key"},
      {"{\"a\":1 \"b\":2}", "'\"' after object key:value pair"},
      {"{\"a\":1]", "']' after object key:value pair"},
      {"{} {}", "'{' after top-level value"},
      {"01", "'1' after top-level value"},
      {"-a", "'a' in numeric literal"},
      {"1.a", "'a' after decimal point in numeric literal"},
      {"1ea", "'a' in exponent of numeric literal"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const std::string expected =
        *row.error == '\0' ? "unexpected end of JSON input" : std::string("invalid character ") + row.error;
    CHECK(json_syntax_error(row.text) == expected);
    const auto parsed = parse_json(row.text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == expected);
  }
}

TEST_CASE("nothing is wrong with JSON") {
  for (const std::string_view text :
       {R"( {"a" : [1, -0.5e+3, 0, true, false, null, {}, [], "x\u00e4\n\"" ], "b":{"c":"d"} } )", "1e999",
        "\"\xff\""}) {
    INFO(text);
    CHECK(json_syntax_error(text).empty());
  }
  CHECK(json_syntax_error(std::string(1 << 20, '[')) == "unexpected end of JSON input");
}
