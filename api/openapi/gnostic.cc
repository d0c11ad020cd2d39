#include "api/openapi/gnostic.h"

#include <cstdint>
#include <string_view>

namespace skiff::api::openapi {
namespace {

// The encoding of a protocol buffer message, field by field. All that gnostic's messages need here are strings,
// booleans and messages. As proto3 wants it, empty strings and false are not written.
class Message {
 public:
  void string(std::uint32_t field, std::string_view value) {
    if (!value.empty()) bytes(field, value);
  }
  void boolean(std::uint32_t field, bool value) {
    if (!value) return;
    varint(field << 3U);
    varint(1);
  }
  void message(std::uint32_t field, const Message& value) { bytes(field, value.encoded_); }

  [[nodiscard]] const std::string& encoded() const { return encoded_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80U; value >>= 7U) encoded_ += static_cast<char>((value & 0x7FU) | 0x80U);
    encoded_ += static_cast<char>(value);
  }
  void bytes(std::uint32_t field, std::string_view value) {
    constexpr std::uint32_t kLengthDelimited = 2;
    varint((field << 3U) | kLengthDelimited);
    varint(value.size());
    encoded_ += value;
  }

  std::string encoded_;
};

// The functions below are named after the messages that they make. Numbers are those of OpenAPIv2.proto.

void strings(Message& message, std::uint32_t field, const Json& object, const char* name) {
  const auto values = object.find(name);
  if (values == object.end()) return;
  for (const Json& value : *values) message.string(field, value.get_ref<const std::string&>());
}

void string(Message& message, std::uint32_t field, const Json& object, const char* name) {
  message.string(field, string_at(object, {name}));
}

// Values of any form travel as YAML text, of which JSON is a part.
Message any(const Json& value) {
  Message message;
  message.string(2, to_json_text(value));
  return message;
}

Message named(std::string_view name, const Message& value) {
  Message message;
  message.string(1, name);
  message.message(2, value);
  return message;
}

void vendor_extensions(Message& message, std::uint32_t field, const Json& object) {
  for (const auto& [name, value] : object.items()) {
    if (name.starts_with("x-")) message.message(field, named(name, any(value)));
  }
}

Message schema(const Json& object) {
  Message message;
  string(message, 1, object, "$ref");
  string(message, 2, object, "format");
  string(message, 4, object, "description");
  strings(message, 19, object, "required");
  if (const Json* values = find(object, {"enum"})) {
    for (const Json& value : *values) message.message(20, any(value));
  }
  if (const Json* additional = find(object, {"additionalProperties"})) {
    Message item;
    item.message(1, schema(*additional));
    message.message(21, item);
  }
  if (object.contains("type")) {
    Message item;
    string(item, 1, object, "type");
    message.message(22, item);
  }
  if (const Json* items = find(object, {"items"})) {
    Message item;
    item.message(1, schema(*items));
    message.message(23, item);
  }
  if (const Json* properties = find(object, {"properties"})) {
    Message item;
    for (const auto& [name, property] : properties->items()) item.message(1, named(name, schema(property)));
    message.message(25, item);
  }
  vendor_extensions(message, 31, object);
  return message;
}

Message body_parameter(const Json& object) {
  Message message;
  string(message, 1, object, "description");
  string(message, 2, object, "name");
  string(message, 3, object, "in");
  message.boolean(4, bool_at(object, {"required"}));
  message.message(5, schema(object.at("schema")));
  return message;
}

// QueryParameterSubSchema and PathParameterSubSchema, whose numbers differ by the query's allow_empty_value.
Message parameter_sub_schema(const Json& object, bool query) {
  Message message;
  message.boolean(1, bool_at(object, {"required"}));
  string(message, 2, object, "in");
  string(message, 3, object, "description");
  string(message, 4, object, "name");
  string(message, query ? 6 : 5, object, "type");
  message.boolean(query ? 20 : 19, bool_at(object, {"uniqueItems"}));
  return message;
}

Message parameters_item(const Json& object) {
  Message parameter;
  const std::string in = string_at(object, {"in"});
  if (in == "body") {
    parameter.message(1, body_parameter(object));
  } else {
    const bool query = in == "query";
    Message non_body;
    non_body.message(query ? 3 : 4, parameter_sub_schema(object, query));
    parameter.message(2, non_body);
  }
  Message message;
  message.message(1, parameter);
  return message;
}

void parameters(Message& message, std::uint32_t field, const Json& object) {
  if (const Json* list = find(object, {"parameters"})) {
    for (const Json& parameter : *list) message.message(field, parameters_item(parameter));
  }
}

Message response_value(const Json& object) {
  Message response;
  string(response, 1, object, "description");
  if (const Json* body = find(object, {"schema"})) {
    Message item;
    item.message(1, schema(*body));
    response.message(2, item);
  }
  Message message;
  message.message(1, response);
  return message;
}

Message operation(const Json& object) {
  Message message;
  strings(message, 1, object, "tags");
  string(message, 3, object, "description");
  string(message, 5, object, "operationId");
  strings(message, 6, object, "produces");
  strings(message, 7, object, "consumes");
  parameters(message, 8, object);
  Message responses;
  for (const auto& [code, response] : object.at("responses").items()) {
    responses.message(1, named(code, response_value(response)));
  }
  message.message(9, responses);
  strings(message, 10, object, "schemes");
  vendor_extensions(message, 13, object);
  return message;
}

Message path_item(const Json& object) {
  struct Method {
    const char* name;
    std::uint32_t field;
  };
  Message message;
  for (const Method& method : {Method{"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}}) {
    if (const Json* found = find(object, {method.name})) message.message(method.field, operation(*found));
  }
  parameters(message, 9, object);
  return message;
}

}  // namespace

std::string to_gnostic_protobuf(const Json& v2_document) {
  Message document;
  string(document, 1, v2_document, "swagger");
  const Json& info_object = v2_document.at("info");
  Message info;
  string(info, 1, info_object, "title");
  string(info, 2, info_object, "version");
  document.message(2, info);
  Message paths;
  for (const auto& [path, item] : v2_document.at("paths").items()) paths.message(2, named(path, path_item(item)));
  document.message(8, paths);
  Message definitions;
  for (const auto& [name, definition] : v2_document.at("definitions").items()) {
    definitions.message(1, named(name, schema(definition)));
  }
  document.message(9, definitions);
  return document.encoded();
}

}  // namespace skiff::api::openapi
