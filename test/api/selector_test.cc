#include "api/selector.h"

#include <catch2/catch.hpp>

using skiff::Json;
using skiff::api::AttributeList;
using skiff::api::FieldSelector;
using skiff::api::LabelSelector;

TEST_CASE("label selectors in query form choose by labels") {
  const AttributeList labels = {{"app", "web"}, {"empty", ""}, {"n", "5"}, {"x.io/tier", "front"}};
  using Row = std::pair<const char*, bool>;
  const Row row =
      GENERATE(Row{"", true}, Row{"app=web", true}, Row{"app==web", true}, Row{"app=db", false}, Row{"app!=db", true},
               Row{"app!=web", false}, Row{"none!=x", true}, Row{"none=x", false}, Row{"app", true}, Row{"none", false},
               Row{"!none", true}, Row{"!app", false}, Row{"app in (web, db)", true}, Row{"app in (db)", false},
               Row{"app notin (db)", true}, Row{"app notin (web,db)", false}, Row{"none notin (web)", true},
               Row{"none in (web)", false}, Row{"empty=", true}, Row{"empty", true}, Row{"empty in ()", true},
               Row{"app in (,web)", true}, Row{"none=", false}, Row{"n>4", true}, Row{"n>5", false}, Row{"n<6", true},
               Row{"app>1", false}, Row{"none>1", false}, Row{"x.io/tier=front,app=web", true},
               Row{"x.io/tier=front,app=db", false}, Row{"  app  =  web  ,  n  ", true}, Row{"in=web", false},
               Row{"in in (in)", false}, Row{"!notin", true});
  INFO(row.first);
  const auto selector = LabelSelector::parse(row.first);
  REQUIRE(selector);
  CHECK(selector->matches(labels) == row.second);
  Json object = Json::object();
  for (const auto& [name, value] : labels) object[name] = value;
  CHECK(selector->matches_object_labels(object) == row.second);
}

TEST_CASE("broken label selectors are refused with upstream's message") {
  const std::string name_part =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
      "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
      "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  const std::string label_value =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
      "and "
      "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
      "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"a=b,", "found '', expected: identifier after ','"},
      {",a", "found ',', expected: !, identifier, or 'end of string'"},
      {"=b", "found '=', expected: !, identifier, or 'end of string'"},
      {"a=b c", "found 'c', expected: ',' or 'end of string'"},
      {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
      {"!", "unable to parse requirement: found '', expected: identifier"},
      {"a in b", "unable to parse requirement: found 'b' expected: '('"},
      {"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
      {"a in (b,", "unable to parse requirement: found '', expected: ',', or identifier"},
      {"a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"},
      {"a=)", "unable to parse requirement: found ')', expected: identifier"},
      {"a>b",
       "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an "
       "integer"},
      {"a_=b", "unable to parse requirement: <nil>: Invalid value: \"a_\": " + name_part},
      {"a=b_", "unable to parse requirement: values[0][a]: Invalid value: \"b_\": " + label_value},
  };
  for (const auto& [text, message] : rows) {
    INFO(text);
    const auto selector = LabelSelector::parse(text);
    REQUIRE_FALSE(selector);
    CHECK(selector.error().message == message);
    CHECK(selector.error().code() == 400);
  }
}

TEST_CASE("label selectors of objects") {
  const auto matches = [](const char* selector, const char* labels) {
    const auto parsed = LabelSelector::from_object(Json::parse(selector));
    REQUIRE(parsed);
    return parsed->matches_object_labels(Json::parse(labels));
  };
  CHECK_FALSE(matches("null", "{}"));
  CHECK(matches("{}", "{}"));
  CHECK(matches("{}", "null"));
  CHECK(matches(R"({"matchLabels":{"a":"1"}})", R"({"a":"1","b":"2"})"));
  CHECK_FALSE(matches(R"({"matchLabels":{"a":"1"}})", R"({"a":"2"})"));
  const char* both = R"({"matchLabels":{"a":"1"},"matchExpressions":[{"key":"b","operator":"NotIn","values":["x"]},
                        {"key":"c","operator":"DoesNotExist"}]})";
  CHECK(matches(both, R"({"a":"1"})"));
  CHECK_FALSE(matches(both, R"({"a":"1","b":"x"})"));
  CHECK_FALSE(matches(both, R"({"a":"1","c":""})"));

  const auto error = [](const char* selector) {
    return LabelSelector::from_object(Json::parse(selector)).error().message;
  };
  CHECK(error(R"({"matchExpressions":[{"key":"a","operator":"Is"}]})") ==
        "\"Is\" is not a valid label selector operator");
  CHECK(error(R"({"matchExpressions":[{"key":"a","operator":"In"}]})") ==
        "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
}

TEST_CASE("label selectors are written in query form, sorted by key") {
  const auto written = [](const char* text) { return LabelSelector::parse(text)->to_string(); };
  CHECK(written("b=2,a==1") == "a=1,b=2");
  CHECK(written("c notin (z,y),!b,a,d>4,e!=x") == "a,!b,c notin (y,z),d>4,e!=x");
  CHECK(LabelSelector::from_object(Json::parse(R"({"matchLabels":{"app":"nginx"}})"))->to_string() == "app=nginx");
  CHECK(LabelSelector::from_object(Json::parse(R"({"matchExpressions":[{"key":"a","operator":"In","values":["x"]}]})"))
            ->to_string() == "a in (x)");
}

TEST_CASE("field selectors choose by fields, absent ones count as empty") {
  const AttributeList fields = {{"metadata.name", "a"}, {"spec.nodeName", ""}, {"x", "a,b=c\\"}};
  using Row = std::pair<const char*, bool>;
  const Row row = GENERATE(Row{"", true}, Row{"metadata.name=a", true}, Row{"metadata.name==a", true},
                           Row{"metadata.name!=a", false}, Row{"metadata.name=b", false}, Row{"spec.nodeName=", true},
                           Row{"none=", true}, Row{"none!=", false}, Row{"metadata.name=a,spec.nodeName!=b", true},
                           Row{"x=a\\,b\\=c\\\\", true}, Row{",metadata.name=a,", true});
  INFO(row.first);
  const auto selector = FieldSelector::parse(row.first);
  REQUIRE(selector);
  CHECK(selector->matches(fields) == row.second);
}

TEST_CASE("broken field selectors are refused with upstream's message") {
  const auto error = [](const char* text) { return FieldSelector::parse(text).error().message; };
  CHECK(error("a") == "invalid selector: 'a'; can't understand 'a'");
  CHECK(error("a=b,c") == "invalid selector: 'a=b,c'; can't understand 'c'");
  CHECK(error("a=b=c") == "invalid field selector: unescaped character in value: =");
  CHECK(error("a=b\\c") == "invalid field selector: invalid escape sequence: \\c");
}
