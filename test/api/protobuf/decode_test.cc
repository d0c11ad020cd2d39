#include "api/protobuf/decode.h"

#include "api/protobuf/field_numbers.h"
#include "api/protobuf/reader.h"
#include "api/schema/decode.h"

#include <catch2/catch.hpp>

#include <set>

using namespace skiff;
using namespace skiff::api;

namespace {

const schema::Catalog& catalog() {
  static const std::unique_ptr<const schema::Catalog> catalog = schema::Catalog::builtin();
  return *catalog;
}

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

void collect_names(const protobuf::Message& message, std::set<std::string_view>& names) {
  for (const auto& [field_number, field] : message.fields) {
    if (field.inlined) {
      collect_names(*field.inlined, names);
    } else {
      names.insert(field.name);
    }
  }
}

}  // namespace

TEST_CASE("every field of every schema has a number, and no number lacks its field") {
  for (const schema::Struct* type : catalog().all()) {
    INFO(type->full_name);
    const protobuf::Message* message = protobuf::find_message(type->full_name);
    REQUIRE(message != nullptr);
    std::set<std::string_view> names;
    collect_names(*message, names);
    std::set<std::string_view> expected;
    for (const schema::Field& field : type->fields) {
      const bool type_meta = type->is_kind() && (field.name == "kind" || field.name == "apiVersion");
      if (!type_meta) expected.insert(field.name);
    }
    CHECK(names == expected);
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

TEST_CASE("bodies that are not of this form") {
  const std::string good = envelope("v1", "ConfigMap", text(2, text(1, "k") + text(2, "v")));
  CHECK_FALSE(protobuf::decode("", catalog()).has_value());
  CHECK_FALSE(protobuf::decode("{}", catalog()).has_value());
  CHECK_FALSE(protobuf::decode(envelope("v1", "ConfigMap", text(2, text(1, "k") + text(2, "\xff"))), catalog()).has_value());
  CHECK_FALSE(protobuf::decode(envelope("v1", "ConfigMap", "\x12\x7f"), catalog()).has_value());
  CHECK_FALSE(protobuf::decode(envelope("v1", "ConfigMap", "\x0b"), catalog()).has_value());
  // Cut off anywhere, it is refused or read as far as it goes, but nothing is read beyond it.
  for (std::size_t size = 0; size < good.size(); ++size) {
    (void)protobuf::decode(std::string(good, 0, size), catalog());
  }
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
    CHECK(reader.ok());
  }
  SECTION("malformed") {
    const std::string bytes = GENERATE(std::string("\x08"), std::string("\x09\x01"), std::string("\x0a\x05\x41"),
                                       std::string("\x0f\x01"), std::string(11, '\xff'));
    protobuf::Reader reader(bytes);
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.ok());
  }
}
