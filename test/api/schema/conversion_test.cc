#include "api/schema/conversion.h"

#include "test/api/catalog.h"

#include <catch2/catch.hpp>

using namespace skiff::api::schema;
using skiff::Json;
using skiff::test::kind_v1;

namespace {

std::string problem(const Struct& type, const char* document) {
  return conversion_problem(type, Json::parse(document)).value_or("");
}

}  // namespace

TEST_CASE("what is wrong with the types of a document, in the words of upstream's converter") {
  struct Row {
    const char* document;
    const char* problem;
  };
  const Row row = GENERATE(values<Row>({
      {R"({"spec":{"replicas":2,"paused":true,"template":{"spec":{"containers":[{"name":"a"}]}}}})", ""},
      {R"({"spec":{"replicas":null}})", ""},
      {R"({"spec":{"replicas":2.0}})", ""},
      {R"({"unknown":5})", ""},
      {R"({"spec":{"replicas":"two"}})", "unrecognized type: int32"},
      {R"({"spec":{"replicas":true}})", "unrecognized type: int32"},
      {R"({"spec":{"replicas":1.5}})", "cannot convert float64 to int32"},
      {R"({"spec":{"paused":"yes"}})", "unrecognized type: bool"},
      {R"({"metadata":{"labels":{"a":5}}})", "cannot convert int64 to string"},
      {R"({"metadata":{"labels":{"a":true}}})", "unrecognized type: string"},
      {R"({"metadata":{"labels":{"a":{}}}})", "unrecognized type: string"},
      {R"({"metadata":{"labels":[]}})", "cannot restore map from slice"},
      {R"({"metadata":{"finalizers":"x"}})", "cannot restore slice from string"},
      {R"({"spec":{"template":{"spec":{"containers":{"name":"a"}}}}})", "cannot restore slice from map"},
      {R"({"spec":{"template":"x"}})", "cannot restore struct from: string"},
      {R"({"spec":5})", "cannot restore struct from: int64"},
      // The first in the order of Go's struct: selector stands before template.
      {R"({"spec":{"template":5,"selector":true}})", "cannot restore struct from: bool"},
  }));
  INFO(row.document);
  CHECK(problem(kind_v1("apps", "Deployment"), row.document) == row.problem);
}

TEST_CASE("bytes of a patched document") {
  CHECK(problem(kind_v1("", "Secret"), R"({"data":{"a":"eA=="}})").empty());
  CHECK(problem(kind_v1("", "Secret"), R"({"data":{"a":"x y"}})") ==
        "error decoding from json: illegal base64 data at input byte 1");
  CHECK(problem(kind_v1("", "Secret"), R"({"data":{"a":5}})") == "cannot restore slice from int64");
}
