#include "api/schema/validate.h"

#include <catch2/catch.hpp>

using namespace skiff::api::schema;
using skiff::Json;
using skiff::api::FieldErrors;

namespace {

constexpr std::string_view kSchema = R"(package p
type Port "A port."
  number    int32! min(1) max(65535)  "Number."
  protocol  string enum(SCTP|TCP|UDP) "Protocol."

type Limits "Limits."
  floor    int32 min(0)    "Floor."
  ceiling  int64 max(10)   "Ceiling."

kind Thing v1 "A thing."
  name    string! format(dns1123-label) minlen(2) maxlen(5)  "Name."
  ports   []Port! map(number,protocol) unique   "Ports."
  tags    []string unique maxlen(3) minlen(1)   "Tags."
  ips     []string format(ip)                   "Addresses."
  modes   []string enum(A|B)                    "Modes."
  items   []Item map(name) unique               "Items."
  byName  {}Limits                              "By name."
  limits  Limits                                "Limits."
  fixed   string immutable                      "Fixed."
  nested  Nested                                "Nested."
  when    time = null                           "When."

type Item "An item."
  name  string! "Name."

type Nested "Nested."
  selector  Limits immutable  "Selector."
)";

const Struct& thing() {
  static const std::unique_ptr<const Catalog> catalog = [] {
    const std::array<Catalog::Source, 1> sources = {{{"x.schema", kSchema}}};
    auto parsed = Catalog::parse(sources);
    REQUIRE(parsed);
    return std::move(*parsed);
  }();
  return *catalog->find_kind("", "v1", "Thing");
}

std::vector<std::string> messages(const FieldErrors& errors) {
  std::vector<std::string> result;
  for (const auto& error : errors.all()) result.push_back(error.message());
  return result;
}

// What is wrong with a thing that has these members beside what it needs.
std::vector<std::string> problems(const char* members) {
  Json object = {{"name", "abc"}, {"ports", {{{"number", 80}}}}};
  object.update(Json::parse(members));
  FieldErrors errors;
  validate(thing(), object, "", errors);
  return messages(errors);
}

}  // namespace

TEST_CASE("what the schema declares is checked with upstream's messages") {
  struct Row {
    const char* members;
    std::vector<std::string> messages;
  };
  const Row row = GENERATE(values<Row>({
      {"{}", {}},
      {R"({"name":null})", {"name: Required value"}},
      {R"({"name":""})", {"name: Required value"}},
      {R"({"ports":[]})", {"ports: Required value"}},
      {R"({"ports":[{}]})", {"ports[0].number: Required value"}},
      {R"({"ports":[{"number":0}]})", {"ports[0].number: Required value"}},
      {R"({"ports":[{"number":65536}]})",
       {"ports[0].number: Invalid value: 65536: must be between 1 and 65535, inclusive"}},
      {R"({"ports":[{"number":-1}]})", {"ports[0].number: Invalid value: -1: must be between 1 and 65535, inclusive"}},
      {R"({"ports":[{"number":1,"protocol":"tcp"}]})",
       {"ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\""}},
      {R"({"ports":[{"number":1,"protocol":"TCP"},{"number":1,"protocol":"UDP"}]})", {}},
      {R"({"ports":[{"number":1,"protocol":"TCP"},{"number":1,"protocol":"TCP"}]})",
       {"ports[1].{number, protocol}: Duplicate value: \"{1, TCP}\""}},
      {R"({"items":[{"name":"a"},{"name":"b"},{"name":"a"}]})", {"items[2].name: Duplicate value: \"a\""}},
      {R"({"tags":["a","b","a"]})", {"tags[2]: Duplicate value: \"a\""}},
      {R"({"tags":["a","b","c","d"]})", {"tags: Too many: 4: must have at most 3 items"}},
      {R"({"tags":[]})", {"tags: Invalid value: 0: must have at least 1 item"}},
      {R"({"name":"a"})", {"name: Invalid value: \"a\": must have at least 2 bytes"}},
      {R"({"name":"abcdef"})", {"name: Too long: may not be more than 5 bytes"}},
      {R"({"name":"a.b"})", {"name: Invalid value: \"a.b\": must not contain dots"}},
      {R"({"ips":["::1","x"]})",
       {"ips[1]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"}},
      {R"({"modes":["A","C"]})", {"modes[1]: Unsupported value: \"C\": supported values: \"A\", \"B\""}},
      {R"({"limits":{"floor":-1}})", {"limits.floor: Invalid value: -1: must be greater than or equal to 0"}},
      {R"({"limits":{"ceiling":11}})", {"limits.ceiling: Invalid value: 11: must be less than or equal to 10"}},
      {R"({"byName":{"x.y":{"floor":-1}}})",
       {"byName[x.y].floor: Invalid value: -1: must be greater than or equal to 0"}},
      {R"({"when":null,"unknown":5})", {}},
      {R"({"name":"A_","ports":[{"number":0},{"number":70000}]})",
       {"name: Invalid value: \"A_\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
        "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
        "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        "ports[0].number: Required value",
        "ports[1].number: Invalid value: 70000: must be between 1 and 65535, inclusive"}},
  }));
  INFO(row.members);
  CHECK(problems(row.members) == row.messages);
}

TEST_CASE("paths begin where the caller says") {
  FieldErrors errors;
  validate(thing(), Json::object(), "spec.template", errors);
  CHECK(messages(errors) ==
        std::vector<std::string>{"spec.template.name: Required value", "spec.template.ports: Required value"});
}

TEST_CASE("values of wrong types are no trouble") {
  FieldErrors errors;
  validate(thing(), Json(5), "", errors);
  CHECK(errors.empty());
  CHECK(problems(R"({"limits":5,"tags":"x","ips":{},"byName":[]})").empty());
}

TEST_CASE("immutable fields may not change") {
  const auto changes = [](const char* now, const char* before) {
    FieldErrors errors;
    validate_immutable(thing(), Json::parse(now), Json::parse(before), "spec", errors);
    return messages(errors);
  };
  CHECK(changes(R"({"fixed":"a","name":"x"})", R"({"fixed":"a","name":"y"})").empty());
  CHECK(changes(R"({"fixed":"b"})", R"({"fixed":"a"})") ==
        std::vector<std::string>{"spec.fixed: Invalid value: \"b\": field is immutable"});
  CHECK(changes(R"({})", R"({"fixed":"a"})").size() == 1);
  CHECK(changes(R"({"nested":{"selector":{"floor":1}}})", R"({"nested":{"selector":{"floor":2}}})") ==
        std::vector<std::string>{
            "spec.nested.selector: Invalid value: p.Limits{Floor:1, Ceiling:0}: field is immutable"});
}

TEST_CASE("an immutable selector is shown as Go shows it") {
  const std::unique_ptr<const Catalog> catalog = Catalog::builtin();
  FieldErrors errors;
  validate_immutable(*catalog->find_kind("apps", "v1", "Deployment"),
                     Json::parse(R"({"spec":{"selector":{"matchLabels":{"app":"b"}}}})"),
                     Json::parse(R"({"spec":{"selector":{"matchLabels":{"app":"a"}}}})"), "", errors);
  CHECK(messages(errors) ==
        std::vector<std::string>{
            "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"app\":\"b\"}, "
            "MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable"});
}
