#include "api/base/json.h"
#include "api/openapi/openapi.h"
#include "test/api/openapi/served_resources.h"

#include <catch2/catch.hpp>

#include <cstdint>
#include <functional>
#include <map>

// Reads the protocol buffer form back with a decoder of its own and compares it with the JSON form.
namespace skiff {
namespace {

// A decoded message: the values of its fields by number, in order. Strings and messages are bytes; a boolean is its
// varint.
using Fields = std::multimap<std::uint32_t, std::string>;

std::uint64_t read_varint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    REQUIRE(!rest.empty());
    REQUIRE(shift < 64);
    const auto byte = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80U) return value;
  }
}

Fields decode(std::string_view message) {
  Fields fields;
  while (!message.empty()) {
    const std::uint64_t key = read_varint(message);
    const std::uint64_t number = read_varint(message);
    std::string value;
    if ((key & 7U) == 0) {
      value = std::to_string(number);
    } else {
      REQUIRE((key & 7U) == 2);
      REQUIRE(number <= message.size());
      value = message.substr(0, number);
      message.remove_prefix(number);
    }
    fields.emplace(static_cast<std::uint32_t>(key >> 3U), std::move(value));
  }
  return fields;
}

std::string text(const Fields& fields, std::uint32_t number) {
  const auto found = fields.find(number);
  return found == fields.end() ? "" : found->second;
}

void add_text(Json& json, const char* name, const Fields& fields, std::uint32_t number) {
  if (fields.contains(number)) json[name] = text(fields, number);
}

void add_texts(Json& json, const char* name, const Fields& fields, std::uint32_t number) {
  const auto [begin, end] = fields.equal_range(number);
  for (auto entry = begin; entry != end; ++entry) json[name].push_back(entry->second);
}

void for_each(const Fields& fields, std::uint32_t number, const std::function<void(const Fields&)>& visit) {
  const auto [begin, end] = fields.equal_range(number);
  for (auto entry = begin; entry != end; ++entry) visit(decode(entry->second));
}

// NamedAny and its like: a name and a value.
void for_each_named(const Fields& fields, std::uint32_t number,
                    const std::function<void(const std::string& name, const Fields& value)>& visit) {
  for_each(fields, number, [&](const Fields& named) { visit(text(named, 1), decode(text(named, 2))); });
}

Json any(const Fields& fields) {
  Result<ParsedJson> value = parse_json(text(fields, 2));
  REQUIRE(value);
  return value->value;
}

void add_extensions(Json& json, const Fields& fields, std::uint32_t number) {
  for_each_named(fields, number, [&](const std::string& name, const Fields& value) { json[name] = any(value); });
}

Json schema(const Fields& fields) {
  Json json = Json::object();
  add_text(json, "$ref", fields, 1);
  add_text(json, "format", fields, 2);
  add_text(json, "description", fields, 4);
  add_texts(json, "required", fields, 19);
  for_each(fields, 20, [&](const Fields& value) { json["enum"].push_back(any(value)); });
  for_each(fields, 21, [&](const Fields& item) { json["additionalProperties"] = schema(decode(text(item, 1))); });
  for_each(fields, 22, [&](const Fields& item) { json["type"] = text(item, 1); });
  for_each(fields, 23, [&](const Fields& item) { json["items"] = schema(decode(text(item, 1))); });
  for_each(fields, 25, [&](const Fields& item) {
    for_each_named(item, 1,
                   [&](const std::string& name, const Fields& value) { json["properties"][name] = schema(value); });
  });
  add_extensions(json, fields, 31);
  return json;
}

Json parameter(const Fields& item) {
  const Fields parameter = decode(text(item, 1));
  Json json;
  if (parameter.contains(1)) {
    const Fields body = decode(text(parameter, 1));
    add_text(json, "name", body, 2);
    add_text(json, "in", body, 3);
    if (text(body, 4) == "1") json["required"] = true;
    json["schema"] = schema(decode(text(body, 5)));
    return json;
  }
  const Fields non_body = decode(text(parameter, 2));
  const bool query = non_body.contains(3);
  const Fields fields = decode(text(non_body, query ? 3 : 4));
  if (text(fields, 1) == "1") json["required"] = true;
  add_text(json, "in", fields, 2);
  add_text(json, "description", fields, 3);
  add_text(json, "name", fields, 4);
  add_text(json, "type", fields, query ? 6 : 5);
  if (text(fields, query ? 20 : 19) == "1") json["uniqueItems"] = true;
  return json;
}

Json operation(const Fields& fields) {
  Json json;
  add_texts(json, "tags", fields, 1);
  add_text(json, "description", fields, 3);
  add_text(json, "operationId", fields, 5);
  add_texts(json, "produces", fields, 6);
  add_texts(json, "consumes", fields, 7);
  for_each(fields, 8, [&](const Fields& item) { json["parameters"].push_back(parameter(item)); });
  for_each_named(decode(text(fields, 9)), 1, [&](const std::string& code, const Fields& value) {
    const Fields response = decode(text(value, 1));
    add_text(json["responses"][code], "description", response, 1);
    for_each(response, 2,
             [&](const Fields& item) { json["responses"][code]["schema"] = schema(decode(text(item, 1))); });
  });
  add_texts(json, "schemes", fields, 10);
  add_extensions(json, fields, 13);
  return json;
}

Json path_item(const Fields& fields) {
  const std::map<std::uint32_t, std::string> methods{{2, "get"}, {3, "put"}, {4, "post"}, {5, "delete"}, {8, "patch"}};
  Json json;
  for (const auto& [number, method] : methods) {
    for_each(fields, number, [&, &method = method](const Fields& value) { json[method] = operation(value); });
  }
  for_each(fields, 9, [&](const Fields& item) { json["parameters"].push_back(parameter(item)); });
  return json;
}

Json document(const Fields& fields) {
  Json json;
  add_text(json, "swagger", fields, 1);
  const Fields info = decode(text(fields, 2));
  add_text(json["info"], "title", info, 1);
  add_text(json["info"], "version", info, 2);
  for_each_named(decode(text(fields, 8)), 2,
                 [&](const std::string& path, const Fields& item) { json["paths"][path] = path_item(item); });
  for_each_named(decode(text(fields, 9)), 1,
                 [&](const std::string& name, const Fields& value) { json["definitions"][name] = schema(value); });
  return json;
}

}  // namespace

TEST_CASE("OpenAPI: the protocol buffer form says the same as the JSON form") {
  const auto catalog = api::schema::Catalog::builtin();
  const auto documents = api::openapi::v2_documents(*catalog, test::served_resources(), "v1.32.0");
  Result<ParsedJson> json = parse_json(documents.json.bytes);
  REQUIRE(json);
  const Json decoded = document(decode(documents.protobuf.bytes));
  for (const char* part : {"swagger", "info"}) CHECK(decoded.at(part) == json->value.at(part));
  for (const char* part : {"definitions", "paths"}) {
    CAPTURE(part);
    REQUIRE(decoded.at(part).size() == json->value.at(part).size());
    for (const auto& [name, value] : json->value.at(part).items()) {
      CAPTURE(name);
      CHECK(decoded.at(part).at(name) == value);
    }
  }
}

}  // namespace skiff
