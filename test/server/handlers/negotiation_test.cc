#include "server/handlers/negotiation.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

Request with_header(const std::string& name, const std::string& value) {
  Request request;
  if (!value.empty()) request.headers.add(name, value);
  return request;
}

const char* const kKubectlGet =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

}  // namespace

TEST_CASE("Accept headers and what they get") {
  struct Row {
    const char* accept;
    Encoding encoding;
    Shape shape;
    const char* shape_version;
  };
  const Row rows[] = {
      {"", Encoding::kJson, Shape::kObject, ""},
      {"*/*", Encoding::kJson, Shape::kObject, ""},
      {"application/*", Encoding::kJson, Shape::kObject, ""},
      {"application/json", Encoding::kJson, Shape::kObject, ""},
      {"Application/JSON; charset=UTF-8", Encoding::kJson, Shape::kObject, ""},
      {"application/yaml", Encoding::kYaml, Shape::kObject, ""},
      {"application/json;q=0.5, application/yaml", Encoding::kYaml, Shape::kObject, ""},
      {"application/json;q=0, application/yaml;q=0.1", Encoding::kYaml, Shape::kObject, ""},
      {"application/vnd.kubernetes.protobuf,application/json", Encoding::kJson, Shape::kObject, ""},
      {kKubectlGet, Encoding::kJson, Shape::kTable, "v1"},
      {"application/json;as=Table;v=v1beta1;g=meta.k8s.io", Encoding::kJson, Shape::kTable, "v1beta1"},
      {"application/json;as=Table;v=v2;g=meta.k8s.io,application/json", Encoding::kJson, Shape::kObject, ""},
      {"application/json;as=Chair;v=v1;g=meta.k8s.io,*/*", Encoding::kJson, Shape::kObject, ""},
      {"application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", Encoding::kJson, Shape::kPartialMetadata, "v1"},
      {"application/yaml;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1", Encoding::kYaml,
       Shape::kPartialMetadataList, "v1beta1"},
      {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
       "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
       Encoding::kJson, Shape::kPartialMetadata, "v1"},
  };
  for (const Row& row : rows) {
    INFO(row.accept);
    const auto format = negotiate_output(with_header("Accept", row.accept));
    REQUIRE(format);
    CHECK(format->encoding == row.encoding);
    CHECK(format->shape == row.shape);
    CHECK(format->shape_version == row.shape_version);
  }
}

TEST_CASE("Accept headers that nothing of ours fits") {
  const char* accept = GENERATE("application/vnd.kubernetes.protobuf", "text/html", "application/json;q=0",
                                "application/json;as=Table;v=v9;g=meta.k8s.io", "application/json;charset=latin1", ",");
  INFO(accept);
  const auto format = negotiate_output(with_header("Accept", accept));
  REQUIRE_FALSE(format);
  CHECK(format.error().code() == 406);
  CHECK(format.error().message == "only the following media types are accepted: application/json, application/yaml");
}

TEST_CASE("a watch has no YAML form and is never indented") {
  CHECK_FALSE(negotiate_watch_output(with_header("Accept", "application/yaml")));
  Request request = with_header("Accept", "application/yaml,application/json");
  request.query.emplace_back("pretty", "true");
  const auto format = negotiate_watch_output(request);
  REQUIRE(format);
  CHECK(format->encoding == Encoding::kJson);
  CHECK_FALSE(format->pretty);
}

TEST_CASE("indentation: on request, and for people's tools") {
  struct Row {
    const char* user_agent;
    const char* pretty;
    bool expected;
  };
  const Row rows[] = {
      {"kubectl/v1.32.0", "", false},  {"kubectl/v1.32.0", "true", true}, {"kubectl/v1.32.0", "1", true},
      {"kubectl/v1.32.0", "x", false}, {"curl/7.88.1", "", true},         {"curl/7.88.1", "false", false},
      {"Mozilla/5.0 (X11)", "", true}, {"Wget/1.21", "", true},
  };
  for (const Row& row : rows) {
    INFO(row.user_agent << " pretty=" << row.pretty);
    Request request = with_header("User-Agent", row.user_agent);
    if (*row.pretty != '\0') request.query.emplace_back("pretty", row.pretty);
    CHECK(negotiate_output(request)->pretty == row.expected);
  }
}

TEST_CASE("how much of an object a Table carries") {
  struct Row {
    const char* value;
    IncludeObject expected;
  };
  const Row rows[] = {{"", IncludeObject::kMetadata},
                      {"Metadata", IncludeObject::kMetadata},
                      {"None", IncludeObject::kNone},
                      {"Object", IncludeObject::kObject}};
  for (const Row& row : rows) {
    INFO(row.value);
    Request request = with_header("Accept", kKubectlGet);
    request.query.emplace_back("includeObject", row.value);
    CHECK(negotiate_output(request)->include_object == row.expected);
  }
  Request request = with_header("Accept", kKubectlGet);
  request.query.emplace_back("includeObject", "all");
  const auto format = negotiate_output(request);
  REQUIRE_FALSE(format);
  CHECK(format.error().code() == 400);
  CHECK(format.error().message ==
        "Unable to convert to Table as requested: includeObject: Invalid value: \"all\": must be 'Metadata', 'Object', "
        "'None', or empty");
}

TEST_CASE("bodies by their Content-Type") {
  CHECK(*negotiate_input(with_header("Content-Type", "")) == Encoding::kJson);
  CHECK(*negotiate_input(with_header("Content-Type", "application/json; charset=utf-8")) == Encoding::kJson);
  CHECK(*negotiate_input(with_header("Content-Type", "application/yaml")) == Encoding::kYaml);
  CHECK(*negotiate_input(with_header("Content-Type", "application/vnd.kubernetes.protobuf")) == Encoding::kProtobuf);
  const auto refused = negotiate_input(with_header("Content-Type", "application/cbor"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == 415);
  CHECK(refused.error().message ==
        "the body of the request was in an unknown format - accepted media types include: application/json, "
        "application/yaml, application/vnd.kubernetes.protobuf");
}

TEST_CASE("patches by their Content-Type") {
  using api::PatchType;
  CHECK(*negotiate_patch(with_header("Content-Type", "application/json-patch+json")) == PatchType::kJson);
  CHECK(*negotiate_patch(with_header("Content-Type", "application/merge-patch+json; charset=utf-8")) ==
        PatchType::kMerge);
  CHECK(*negotiate_patch(with_header("Content-Type", "application/strategic-merge-patch+json")) ==
        PatchType::kStrategicMerge);
  CHECK(*negotiate_patch(with_header("Content-Type", "application/apply-patch+yaml")) == PatchType::kApply);
  const auto refused = negotiate_patch(with_header("Content-Type", "application/json"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == 415);
}
