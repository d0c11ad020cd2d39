#include "api/base/json.h"

#include <catch2/catch.hpp>

#include <string>

using skiff::Json;
using skiff::parse_yaml;
using skiff::to_yaml;

namespace {

std::string parsed(std::string_view text) {
  const auto result = parse_yaml(text);
  return result ? result->value.dump() : "error: " + result.error().message;
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("plain scalars are resolved as YAML 1.1 and Go do") {
  using Row = std::pair<const char*, const char*>;
  const Row row = GENERATE(
      Row{"yes", "true"}, Row{"y", "true"}, Row{"On", "true"}, Row{"TRUE", "true"}, Row{"no", "false"},
      Row{"N", "false"}, Row{"off", "false"}, Row{"False", "false"}, Row{"yEs", "\"yEs\""}, Row{"~", "null"},
      Row{"null", "null"}, Row{"Null", "null"}, Row{"", "null"}, Row{"nUll", "\"nUll\""}, Row{"0", "0"},
      Row{"017", "15"}, Row{"0o17", "15"}, Row{"0x1F", "31"}, Row{"-0x10", "-16"}, Row{"0b101", "5"}, Row{"08", "8"},
      Row{"1_000", "1000"}, Row{"+5", "5"}, Row{"-5", "-5"}, Row{"1e3", "1000"}, Row{"3.0", "3"}, Row{"1.5", "1.5"},
      Row{".5", "0.5"}, Row{"5.", "5"}, Row{"-1.5e-1", "-0.15"}, Row{"1e999", "\"1e999\""}, Row{"1.2.3", "\"1.2.3\""},
      Row{"12:30:45", "\"12:30:45\""}, Row{"2026-11-22", "\"2026-11-22\""},
      Row{"2026-11-22T14:53:01Z", "\"2026-11-22T14:53:01Z\""}, Row{"9223372036854775807", "9223372036854775807"},
      Row{"-9223372036854775808", "-9223372036854775808"}, Row{"18446744073709551615", "18446744073709551615"},
      Row{"0x", "\"0x\""}, Row{"+", "\"+\""}, Row{".", "\".\""}, Row{"'yes'", "\"yes\""}, Row{"\"017\"", "\"017\""},
      Row{"!!str 5", "\"5\""}, Row{"!!int 5", "5"}, Row{"!!binary aGk=", "\"hi\""}, Row{"500m", "\"500m\""},
      Row{"nginx:1.7.9", "\"nginx:1.7.9\""});
  INFO(row.first);
  CHECK(parsed("a: " + std::string(row.first)) == "{\"a\":" + std::string(row.second) + "}");
}

TEST_CASE("keys become member names after resolution") {
  CHECK(parsed("yes: 1") == R"({"true":1})");
  CHECK(parsed("0x10: 1") == R"({"16":1})");
  CHECK(parsed("'yes': 1") == R"({"yes":1})");
  CHECK(parsed("1.5: 1") == R"({"1.5":1})");
  CHECK(parsed("~: 1") == "error: yaml: line 1: invalid map key: null");
  CHECK(parsed("{{ .Values.x }}: 1").starts_with("error: yaml: line 1: invalid map key"));
}

TEST_CASE("documents of every shape are read") {
  CHECK(parsed("") == "null");
  CHECK(parsed("# only a comment\n") == "null");
  CHECK(parsed("---\na: 1\n") == R"({"a":1})");
  CHECK(parsed("a: 1\n---\n") == R"({"a":1})");
  CHECK(parsed("a: 1\n---\nb: 2\n") == "error: yaml: expected a single document in the stream");
  CHECK(parsed("- a\n- b: 1\n  c: [1, {d: e}]\n") == R"(["a",{"b":1,"c":[1,{"d":"e"}]}])");
  CHECK(parsed(R"({"a": "b", "c": [1, true, null]})") == R"({"a":"b","c":[1,true,null]})");
  CHECK(parsed("a: |\n  one\n  two\n") == R"({"a":"one\ntwo\n"})");
  CHECK(parsed("a: >-\n  one\n  two\n") == R"({"a":"one two"})");
  CHECK(parsed("a:\nb: 1\n") == R"({"a":null,"b":1})");
}

TEST_CASE("the article's manifest is read") {
  const auto result = parse_yaml(R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: nginx-deployment
  labels:
    app: nginx
spec:
  replicas: 5
  template:
    spec:
      containers:
      - name: nginx
        image: nginx:1.7.9
        ports:
        - containerPort: 80
)");
  REQUIRE(result);
  CHECK(result->value["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] == 80);
  CHECK(result->duplicate_fields.empty());
}

TEST_CASE("duplicate keys are reported with their path, the last one wins") {
  const auto result = parse_yaml("a: 1\nb:\n- x: 1\n- z: 1\n  z: 2\na: 3\nc:\n  d: {e: 1, e: 2}\n");
  REQUIRE(result);
  CHECK(result->duplicate_fields == std::vector<std::string>{"b[1].z", "a", "c.d.e"});
  CHECK(result->value["a"] == 3);
  CHECK(result->value["b"][1]["z"] == 2);
}

TEST_CASE("anchors, aliases and merge keys") {
  CHECK(parsed("a: &x {b: 1}\nc: *x\n") == R"({"a":{"b":1},"c":{"b":1}})");
  CHECK(parsed("a: &x hi\nc: [*x, *x]\n") == R"({"a":"hi","c":["hi","hi"]})");
  CHECK(parsed("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n") == R"({"a":{"b":1,"c":2},"d":{"b":1,"c":3}})");
  CHECK(parsed("a: &x {b: 1}\ne: &y {b: 2, f: 3}\nd:\n  <<: [*x, *y]\n") ==
        R"({"a":{"b":1},"d":{"b":1,"f":3},"e":{"b":2,"f":3}})");
  CHECK(parsed("d:\n  <<: 5\n") == "error: yaml: line 2: map merge requires map or sequence of maps as the value");
  CHECK(parsed("a: *nope\n").starts_with("error: yaml: line 1:"));
  CHECK(parsed("a: &x [*x]\n").starts_with("error: yaml: line 1:"));
}

TEST_CASE("aliases cannot expand without bounds") {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous;
    for (int j = 0; j < 9; ++j) laughs += "," + previous;
    laughs += "]\n";
  }
  CHECK(parsed(laughs).find("document contains excessive aliasing") != std::string::npos);
  const std::string heavy = "a: &a " + std::string(1 << 20, 'x') + "\nb: [" + repeat("*a,", 100) + "]\n";
  CHECK(parsed(heavy).find("document contains excessive aliasing") != std::string::npos);
  std::string deep = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n";
  for (int i = 1; i < 40; ++i) {
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[[[[[[*a" + std::to_string(i - 1) + "]]]]]]]]\n";
  }
  CHECK(parsed(deep).find("exceeded max depth") != std::string::npos);
}

TEST_CASE("nested anchors cannot make the parser remember everything many times") {
  std::string nested;
  for (int i = 0; i < 200; ++i) nested += "&a" + std::to_string(i) + " [";
  nested += repeat("1,", 20'000) + std::string(200, ']');
  CHECK(parsed(nested).find("document contains excessive aliasing") != std::string::npos);
}

TEST_CASE("hostile YAML is refused, quickly and without a crash") {
  CHECK(parsed(std::string(1'000'000, '[')).starts_with("error: yaml:"));
  CHECK(parsed(std::string(1'000'000, '{')).starts_with("error: yaml:"));
  CHECK(parsed(repeat("- ", 300'000)).starts_with("error: yaml:"));
  CHECK(parsed(repeat("a: ", 1000)).starts_with("error: yaml:"));
  CHECK(parsed(repeat("? ", 100'000)).starts_with("error: yaml:"));
  CHECK(parsed("a: \xff").starts_with("error: yaml: invalid UTF-8"));
  CHECK(parsed("a: \xed\xa0\x80").starts_with("error: yaml: invalid UTF-8"));
  CHECK(parsed("a: \xc0\x80").starts_with("error: yaml: invalid UTF-8"));
  CHECK(parsed("a: \xf4\x90\x80\x80").starts_with("error: yaml: invalid UTF-8"));
  CHECK(parsed("a: \xe2\x82").starts_with("error: yaml: invalid UTF-8"));
  CHECK(parsed(std::string("a: \0b", 5)) == "error: yaml: control characters are not allowed");
  CHECK(parsed("a: \x04 b") == "error: yaml: control characters are not allowed");
  CHECK(parsed("a: b: c").starts_with("error: yaml: line 1:"));
  CHECK(parsed("a:\n\t- b").starts_with("error: yaml:"));
  CHECK(parsed("a: 'b").starts_with("error: yaml:"));
  CHECK(parsed("a: [1, 2").starts_with("error: yaml:"));
  CHECK(parsed("a: .nan") == "error: yaml: line 1: unsupported value: .nan");
  CHECK(parsed("a: -.inf") == "error: yaml: line 1: unsupported value: -.inf");
  CHECK(parsed("a: !!binary '***'").starts_with("error: yaml: line 1: !!binary"));
  CHECK(parsed("a: \xe2\x82\xac\xf0\x9f\x98\x80") == "{\"a\":\"\xe2\x82\xac\xf0\x9f\x98\x80\"}");
}

// Each was found by test/fuzz; yaml-cpp 0.7 gets them wrong.
TEST_CASE("what yaml-cpp takes for a value though it is none, or makes no text of") {
  const std::string unterminated = "found unexpected end of stream";
  CHECK(parsed("a: \"b\n") == "error: yaml: line 1: " + unterminated);
  CHECK(parsed("a: 'b\n\n") == "error: yaml: line 2: " + unterminated);
  CHECK(parsed("a: \"b\n  ").find(unterminated) != std::string::npos);
  CHECK(parsed("a: \"b\n...\n").starts_with("error: yaml: line 2:"));
  CHECK(parsed("a: |+\n  b\n\n") == R"({"a":"b\n\n"})");
  CHECK(parsed("a: |\n  b") == R"({"a":"b"})");
  CHECK(parsed("a: |\n  b\n") == R"({"a":"b\n"})");
  CHECK(parsed("# nothing\n") == "null");
  CHECK(parsed(R"("a\_b\N\u00e9\_")") ==
        "\"a\xc2\xa0"
        "b\xc2\x85\xc3\xa9\xc2\xa0\"");
  CHECK(parsed("!!binary /2H/") ==
        "\"\xef\xbf\xbd"
        "a\xef\xbf\xbd\"");
}

TEST_CASE("YAML is written as kubectl prints it") {
  const Json object = Json::parse(R"({
    "apiVersion": "v1", "kind": "Pod",
    "metadata": {"creationTimestamp": null, "labels": {"on": "yes", "v": "1.10", "x": ""}, "name": "a"},
    "spec": {"containers": [{"args": ["-c", "a: b", "*", "- x", "-", "x # y", "12:30", "017", "~", "'q'"],
                             "command": ["sh", ["nested", 1]], "name": "c", "ports": [{"containerPort": 80}]}],
             "empty": {}, "none": [], "ratio": 0.5, "flag": true, "when": "2026-11-22T14:53:01Z"}})");
  CHECK(to_yaml(object) == R"(apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: null
  labels:
    "on": "yes"
    v: "1.10"
    x: ""
  name: a
spec:
  containers:
  - args:
    - -c
    - 'a: b'
    - '*'
    - '- x'
    - '-'
    - 'x # y'
    - "12:30"
    - "017"
    - "~"
    - '''q'''
    command:
    - sh
    - - nested
      - 1
    name: c
    ports:
    - containerPort: 80
  empty: {}
  flag: true
  none: []
  ratio: 0.5
  when: "2026-11-22T14:53:01Z"
)");
}

TEST_CASE("a member of the merge word's name is written so that it merges nothing") {
  const Json object = {{"<<", {{"a", 1}}}};
  CHECK(to_yaml(object) == "\"<<\":\n  a: 1\n");
  CHECK(parse_yaml(to_yaml(object))->value == object);
}

TEST_CASE("strings survive being written and read") {
  const Json strings = Json::array({"",
                                    " ",
                                    "a ",
                                    " a",
                                    "a\n",
                                    "a\n\n",
                                    "\n",
                                    "\n\n",
                                    "a\nb",
                                    " a\nb\n",
                                    "a \nb",
                                    "a\n b\n",
                                    "\ta",
                                    "a\tb\nc",
                                    "a\rb",
                                    "\x01\x7f",
                                    "#a",
                                    "a#b",
                                    "a #b",
                                    "a: b",
                                    "a:",
                                    ":a",
                                    ": a",
                                    "?",
                                    "? a",
                                    "-a",
                                    "--- a",
                                    "...",
                                    "%a",
                                    "@a",
                                    "`a",
                                    "'a",
                                    "\"a\"",
                                    "\\",
                                    "{a}",
                                    "[a]",
                                    "a,b",
                                    "a}b",
                                    "&a",
                                    "*a",
                                    "!a",
                                    "|",
                                    ">",
                                    "null",
                                    "Null",
                                    "true",
                                    "y",
                                    "0x1f",
                                    "1e3",
                                    "1_000",
                                    "+1",
                                    ".5",
                                    "1:30",
                                    "2026-1-2",
                                    "<<",
                                    "=",
                                    "\xe2\x82\xac",
                                    "\xef\xbb\xbf"
                                    "a",
                                    "\xe2\x80\xa8",
                                    std::string(500, 'x') + " " + std::string(500, 'y')});
  for (const Json& text : strings) {
    INFO(text.dump());
    const Json document = {{"key", text}, {"list", {text}}, {"nested", {{{"deep", text}}}}};
    const std::string yaml = to_yaml(document);
    INFO(yaml);
    const auto back = parse_yaml(yaml);
    REQUIRE(back);
    CHECK(back->value == document);
    const auto alone = parse_yaml(to_yaml(text));
    REQUIRE(alone);
    CHECK(alone->value == text);
    if (text != "<<") {
      const auto as_key = parse_yaml(to_yaml(Json{{text.get<std::string>(), 1}}));
      REQUIRE(as_key);
      CHECK(as_key->value == Json{{text.get<std::string>(), 1}});
    }
  }
}
