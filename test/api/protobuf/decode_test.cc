#include "api/protobuf/decode.h"

#include "api/protobuf/reader.h"
#include "api/schema/decode.h"
#include "test/api/catalog.h"
#include "test/api/protobuf/kubectl_bodies.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

using namespace skiff;
using namespace skiff::api;

namespace {

using test::catalog;

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

std::string number(std::uint32_t field, std::int64_t value) {
  return varint(field << 3) + varint(static_cast<std::uint64_t>(value));
}

std::string text(std::uint32_t field, const std::string& bytes) {
  return varint(field << 3 | 2) + varint(bytes.size()) + bytes;
}

std::string envelope(const std::string& api_version, const std::string& kind, const std::string& object) {
  return std::string("k8s\0", 4) + text(1, text(1, api_version) + text(2, kind)) + text(2, object) + text(3, "") +
         text(4, "");
}

Json decoded(const std::string& api_version, const std::string& kind, const std::string& object) {
  const skiff::Result<Json> document = protobuf::decode(envelope(api_version, kind, object), catalog());
  REQUIRE(document.has_value());
  return *document;
}

}  // namespace

TEST_CASE("a list inside of a map is a message of items") {
  const std::string values = text(1, "a") + text(1, "b");
  const std::string entry = text(1, "scopes") + text(2, values);
  const Json review =
      decoded("authorization.k8s.io/v1", "SubjectAccessReview", text(2, text(3, "joe") + text(5, entry)));
  CHECK(review["spec"] == Json({{"user", "joe"}, {"extra", {{"scopes", {"a", "b"}}}}}));
}

TEST_CASE("every field of every schema has a number of its own") {
  for (const schema::Struct* type : catalog().all()) {
    INFO(type->full_name);
    std::set<std::pair<std::uint32_t, std::uint32_t>> numbers;
    for (const schema::Field& field : type->fields) {
      INFO(field.name);
      const bool type_meta = type->is_kind() && (field.name == "kind" || field.name == "apiVersion");
      CHECK((field.protobuf_number == 0) == type_meta);
      if (type_meta) continue;
      CHECK(numbers.emplace(field.protobuf_inlined_number, field.protobuf_number).second);
    }
    // The number of an inlined message is that of no field.
    for (const auto& [inlined_number, number] : numbers) {
      CHECK((inlined_number == 0 || !numbers.contains({0, inlined_number})));
    }
  }
}

TEST_CASE("what kubectl sends is what it sent as JSON") {
  for (const protobuf::KubectlBody& body : protobuf::kKubectlBodies) {
    INFO(body.command);
    const skiff::Result<Json> document = protobuf::decode(protobuf::from_hex(body.protobuf), catalog());
    REQUIRE(document.has_value());
    const Json expected = Json::parse(body.json);
    const std::string api_version = expected["apiVersion"];
    const std::size_t slash = api_version.find('/');
    const schema::Struct* type = slash == std::string::npos
                                     ? catalog().find_kind("", api_version, string_at(expected, {"kind"}))
                                     : catalog().find_kind(api_version.substr(0, slash), api_version.substr(slash + 1),
                                                           string_at(expected, {"kind"}));
    REQUIRE(type != nullptr);
    const auto shaped = schema::decode(*type, *document);
    const auto shaped_json = schema::decode(*type, expected);
    REQUIRE(shaped.has_value());
    REQUIRE(shaped_json.has_value());
    CHECK(shaped->unknown_fields.empty());
    CHECK(shaped->object == shaped_json->object);
  }
}

TEST_CASE("a ConfigMap as client-go sends it") {
  // Absent values of fields that are not pointers are sent as empty ones, and the zero time as an empty message.
  const std::string metadata = text(1, "a") + text(2, "") + text(3, "default") + text(5, "") + text(6, "") +
                               number(7, 0) + text(8, "") + text(11, text(1, "app") + text(2, "web"));
  const Json document =
      decoded("v1", "ConfigMap",
              text(1, metadata) + text(2, text(1, "k") + text(2, "v")) + text(3, text(1, "b") + text(2, "\x01\x02")));
  CHECK(document["kind"] == "ConfigMap");
  CHECK(document["apiVersion"] == "v1");
  CHECK(document["data"] == Json({{"k", "v"}}));
  CHECK(document["binaryData"] == Json({{"b", "AQI="}}));
  CHECK(document["metadata"]["labels"] == Json({{"app", "web"}}));
  CHECK(document["metadata"]["creationTimestamp"].is_null());

  const auto shaped = schema::decode(*catalog().find_kind("", "v1", "ConfigMap"), document);
  REQUIRE(shaped.has_value());
  CHECK(shaped->unknown_fields.empty());
  CHECK(shaped->object["metadata"]["name"] == "a");
  CHECK_FALSE(shaped->object["metadata"].contains("generateName"));
}

TEST_CASE("the special types of a Pod") {
  const std::string handler = text(2, text(1, "/healthz") + text(2, number(1, 0) + number(2, 8080) + text(3, "")));
  const std::string named_handler = text(2, text(1, "/") + text(2, number(1, 1) + number(2, 0) + text(3, "http")));
  const std::string limits = text(1, text(1, "cpu") + text(2, text(1, "500m")));
  const std::string container = text(1, "c") + text(2, "nginx") + text(3, "a") + text(3, "b") + text(8, limits) +
                                text(10, text(1, handler) + number(3, 5)) + text(11, text(1, named_handler)) +
                                number(16, 1);
  const std::string volume = text(1, "data") + text(2, text(2, text(1, "Memory")));
  const std::string spec = text(1, volume) + text(2, container) + number(4, -1);
  const std::string metadata = text(1, "p") + text(8, number(1, 1795348800) + number(2, 0));
  const Json pod = decoded("v1", "Pod", text(1, metadata) + text(2, spec));
  CHECK(pod["metadata"]["creationTimestamp"] == "2026-11-22T12:00:00Z");
  CHECK(pod["spec"]["terminationGracePeriodSeconds"] == -1);
  CHECK(pod["spec"]["volumes"] == Json::parse(R"([{"name":"data","emptyDir":{"medium":"Memory"}}])"));
  const Json& c = pod["spec"]["containers"][0];
  CHECK(c["command"] == Json({"a", "b"}));
  CHECK(c["resources"]["limits"] == Json({{"cpu", "500m"}}));
  CHECK(c["livenessProbe"]["httpGet"]["port"] == 8080);
  CHECK(c["livenessProbe"]["timeoutSeconds"] == 5);
  CHECK(c["readinessProbe"]["httpGet"]["port"] == "http");
  CHECK(c["stdin"] == true);
}

TEST_CASE("delete options come under every group") {
  CHECK(decoded("apps/v1", "DeleteOptions", number(1, 0))["gracePeriodSeconds"] == 0);
}

TEST_CASE("an unknown kind comes out with its name, and unknown fields are passed over") {
  CHECK(decoded("v9", "Chair", text(1, "x")) == Json({{"apiVersion", "v9"}, {"kind", "Chair"}}));
  CHECK_FALSE(decoded("v1", "ConfigMap", text(99, "x") + number(98, 1)).contains("data"));
}

TEST_CASE("values by their types") {
  struct Row {
    const char* name;
    std::string api_version, kind, object;
    const char* expected;  // without apiVersion and kind
  };
  const std::string zeros = number(1, 0) + number(2, 0);
  const Row rows[] = {
      {"packed and single numbers", "v1", "Pod", text(2, text(14, text(4, varint(7) + varint(300)) + number(4, 8))),
       R"({"spec":{"securityContext":{"supplementalGroups":[7,300,8]}}})"},
      {"the zero time, and 1970", "v1", "Pod", text(1, text(8, "") + text(9, zeros)),
       R"({"metadata":{"creationTimestamp":null,"deletionTimestamp":"1970-01-01T00:00:00Z"}})"},
      {"a time before 1970 and its nanoseconds", "coordination.k8s.io/v1", "Lease",
       text(2, text(3, number(1, -1) + number(2, 999999999))),
       R"({"spec":{"acquireTime":"1969-12-31T23:59:59.999999Z"}})"},
      {"empty entries of maps", "v1", "ConfigMap", text(2, "") + text(3, text(1, "b")),
       R"({"data":{"":""},"binaryData":{"b":""}})"},
      {"messages in pieces", "v1", "ConfigMap", text(1, text(1, "a")) + text(1, text(3, "n")),
       R"({"metadata":{"name":"a","namespace":"n"}})"},
      {"raw JSON", "v1", "ConfigMap", text(1, text(17, text(7, text(1, R"({"f:data":{}})")))),
       R"({"metadata":{"managedFields":[{"fieldsV1":{"f:data":{}}}]}})"},
      {"a quantity of no text", "v1", "Pod", text(2, text(1, text(2, text(2, text(2, ""))))),
       R"({"spec":{"volumes":[{"emptyDir":{"sizeLimit":"0"}}]}})"},
      {"an unknown group with one inside", "v1", "ConfigMap",
       varint(90 << 3 | 3) + varint(91 << 3 | 3) + text(1, "x") + varint(91 << 3 | 4) + varint(90 << 3 | 4) +
           number(4, 1),
       R"({"immutable":true})"},
      {"a scale", "autoscaling/v1", "Scale", text(2, number(1, 4)), R"({"spec":{"replicas":4}})"},
      {"an eviction", "policy/v1", "Eviction", text(1, text(1, "p")) + text(2, number(1, 0)),
       R"({"metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":0}})"},
      {"a binding", "v1", "Binding", text(2, text(1, "Node") + text(3, "n")),
       R"({"target":{"kind":"Node","name":"n"}})"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json document = decoded(row.api_version, row.kind, row.object);
    document.erase("apiVersion");
    document.erase("kind");
    CHECK(document == Json::parse(row.expected));
  }
}

TEST_CASE("bodies that are not of this form") {
  struct Row {
    const char* name;
    std::string body;
    const char* message;
  };
  const auto config_map = [](const std::string& object) { return envelope("v1", "ConfigMap", object); };
  const std::string endless(11, '\xff');
  const Row rows[] = {
      {"nothing", "", "empty data"},
      {"JSON", "{}", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"},
      {"half of the magic number", "k8",
       "provided data does not appear to be a protobuf message, expected prefix [107 "
       "56 115 0]"},
      {"no envelope", std::string("k8s\0", 4), "empty body"},
      {"no kind", envelope("v1", "", ""), "Object 'Kind' is missing in 'v1'"},
      {"no version", envelope("", "Pod", ""), "Object 'apiVersion' is missing in 'Pod'"},
      {"an envelope of numbers", std::string("k8s\0", 4) + number(1, 1),
       "proto: wrong wireType for a field of Unknown"},
      {"a length beyond the end", config_map("\x12\x7f"), "unexpected EOF"},
      {"a length of all bits", config_map("\x12" + varint(~std::uint64_t{0})), "unexpected EOF"},
      {"a varint cut off", config_map("\x20\x80"), "unexpected EOF"},
      {"a varint without end", config_map("\x20" + endless), "proto: integer overflow"},
      {"a fixed number cut off", config_map("\x99\x06\x01"), "unexpected EOF"},
      {"field 0", config_map(std::string("\0\0", 2)), "proto: illegal tag"},
      {"wire type 7", config_map("\x17"), "proto: illegal tag"},
      {"a group without end", config_map("\x9b\x06"), "unexpected EOF"},
      {"many groups without end", config_map(std::string(100000, '\x0b')), "unexpected EOF"},
      {"the end of no group", config_map("\x9c\x06"), "proto: unexpected end of group"},
      {"a number as an object", config_map(number(1, 1)), "proto: wrong wireType = 0 for field metadata"},
      {"a text as a bool", config_map(text(4, "x")), "proto: wrong wireType = 2 for field immutable"},
      {"a number as a map", config_map(number(2, 1)), "proto: wrong wireType = 0 for field data"},
      {"a number as a key", config_map(text(2, number(1, 1))), "proto: wrong wireType = 0 for field data"},
      {"a number as a map's value", config_map(text(2, number(2, 1))), "proto: wrong wireType = 0 for field data"},
      {"a number as an inlined message", envelope("v1", "Pod", text(2, text(1, number(2, 1)))),
       "proto: wrong wireType = 0 for field Volume"},
      {"packed numbers cut off", envelope("v1", "Pod", text(2, text(14, text(4, "\x80")))), "unexpected EOF"},
      {"a time of text", config_map(text(1, text(8, text(1, "x")))), "proto: wrong wireType = 2 for field 1"},
      {"a time in the year 300000", config_map(text(1, text(8, number(1, 9'300'000'000'000)))),
       "proto: seconds of a time out of range: 9300000000000"},
      {"too many nanoseconds", config_map(text(1, text(8, number(2, 1'000'000'000)))),
       "proto: nanoseconds of a time out of range: 1000000000"},
      {"a bad quantity's message", envelope("v1", "Pod", text(2, text(1, text(2, text(2, text(2, "\x08")))))),
       "unexpected EOF"},
      {"neither a number nor a text",
       envelope("apps/v1", "Deployment", text(2, text(4, text(2, text(1, number(1, 2)))))),
       "impossible IntOrString.Type"},
      {"text that is not UTF-8", config_map(text(2, text(1, "k") + text(2, "\xff"))),
       "proto: invalid UTF-8 in ConfigMap"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const skiff::Result<Json> document = protobuf::decode(row.body, catalog());
    REQUIRE_FALSE(document.has_value());
    CHECK(document.error().message == row.message);
  }
  const skiff::Result<Json> bad_json =
      protobuf::decode(config_map(text(1, text(17, text(7, text(1, "{"))))), catalog());
  CHECK_FALSE(bad_json.has_value());
}

TEST_CASE("a body that is cut off is refused, or stops between two fields") {
  const std::string good = envelope("v1", "ConfigMap", text(2, text(1, "k") + text(2, "v")));
  // The last two fields, empty, are not missed.
  for (std::size_t size = 0; size < good.size() - 4; ++size) {
    INFO(size);
    const std::vector<char> exact(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    const skiff::Result<Json> document = protobuf::decode(std::string_view(exact.data(), exact.size()), catalog());
    // Cut behind the kind, it is a ConfigMap of nothing.
    if (document.has_value()) CHECK(*document == Json({{"apiVersion", "v1"}, {"kind", "ConfigMap"}}));
  }
}

// Worth most under AddressSanitizer: bytes changed, cut off and repeated at random, from fixed seeds.
TEST_CASE("damaged bodies are refused, or read as far as they make sense") {
  std::size_t read = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) { return random() % limit; };
    std::string body =
        protobuf::from_hex(protobuf::kKubectlBodies[seed % std::size(protobuf::kKubectlBodies)].protobuf);
    for (std::size_t i = 0, count = 1 + below(3); i < count; ++i) {
      const std::size_t at = 4 + below(body.size() - 4);
      switch (below(4)) {
        case 0:
          body[at] = static_cast<char>(below(256));
          break;
        case 1:
          body[at] = static_cast<char>(body[at] ^ (1 << below(8)));
          break;
        case 2:
          body.insert(at, body.substr(at));
          break;
        default:
          body.resize(std::max<std::size_t>(at, 5));
      }
    }
    // Exactly as large as its bytes, for reads beyond them to be seen.
    const std::vector<char> exact(body.begin(), body.end());
    const skiff::Result<Json> document = protobuf::decode(std::string_view(exact.data(), exact.size()), catalog());
    if (document.has_value()) {
      ++read;
      // What is read can be written, and decoded like a client's JSON.
      const schema::Struct* type = catalog().find_kind("", "v1", string_at(*document, {"kind"}));
      CHECK_FALSE(document->dump().empty());
      if (type != nullptr) (void)schema::decode(*type, *document);
    }
  }
  CHECK(read > 100);
  CHECK(read < 3900);
}

TEST_CASE("fields on the wire") {
  SECTION("numbers of all widths") {
    const std::string bytes =
        number(1, -1) + std::string("\x11\x01\0\0\0\0\0\0\0", 9) + std::string("\x1d\x02\0\0\0", 5);
    protobuf::Reader reader(bytes);
    CHECK(reader.next()->value == ~std::uint64_t{0});
    CHECK(reader.next()->value == 1);
    CHECK(reader.next()->value == 2);
    CHECK_FALSE(reader.next());
    CHECK(reader.error().empty());
  }
  SECTION("malformed") {
    const std::string bytes = GENERATE(std::string("\x08"), std::string("\x09\x01"), std::string("\x0a\x05\x41"),
                                       std::string("\x0f\x01"), std::string(11, '\xff'));
    protobuf::Reader reader(bytes);
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.error().empty());
  }
}
