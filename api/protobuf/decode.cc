#include "api/protobuf/decode.h"

#include "api/base/clock.h"
#include "api/base/ids.h"
#include "api/protobuf/field_numbers.h"
#include "api/protobuf/reader.h"

#include <bit>
#include <chrono>
#include <string>

namespace skiff::api::protobuf {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);

Error malformed(const std::string& what) { return Error{ErrorCode::kInvalid, "proto: " + what}; }

// What a client that is not Go's would write: numbers of up to 64 bits with their sign.
std::int64_t signed_value(const WireField& field) { return static_cast<std::int64_t>(field.value); }

// The text or bytes of field `number` of a message; empty when it is not there.
std::string_view delimited_field(std::string_view message, std::uint32_t number) {
  std::string_view found;
  Reader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == number && field->is_delimited) found = field->bytes;
  }
  return found;
}

std::int64_t number_field(std::string_view message, std::uint32_t number) {
  std::int64_t found = 0;
  Reader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == number && !field->is_delimited) found = signed_value(*field);
  }
  return found;
}

// metav1.Time and MicroTime: {seconds = 1, nanos = 2}; the zero time is null.
Json decode_time(std::string_view message, bool micro) {
  const std::int64_t seconds = number_field(message, 1);
  const std::int64_t nanos = number_field(message, 2);
  if (seconds == 0 && nanos == 0) return nullptr;
  // What the clock can hold; anything further out is no time that somebody means.
  constexpr std::int64_t kMaxSeconds = 9'000'000'000;
  if (seconds > kMaxSeconds || seconds < -kMaxSeconds || nanos < 0 || nanos > 999'999'999) return nullptr;
  const TimePoint time{
      std::chrono::duration_cast<TimePoint::duration>(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos))};
  return micro ? format_micro_time(time) : format_time(time);
}

// intstr.IntOrString: {type = 1 (0: number), intVal = 2, strVal = 3}.
Json decode_int_or_string(std::string_view message) {
  if (number_field(message, 1) == 0) return number_field(message, 2);
  return std::string(delimited_field(message, 3));
}

// Reads messages by their types. Nesting is bounded by the types, none of which contains itself.
class Decoder {
 public:
  std::string error;

  bool message(std::string_view bytes, const Message& numbers, const schema::Struct& type, Json& object) {
    Reader reader(bytes);
    while (const auto field = reader.next()) {
      const auto found = numbers.fields.find(field->number);
      if (found == numbers.fields.end()) continue;
      if (!numbered_field(*field, found->second, type, object)) return false;
    }
    return reader.ok() || fail("malformed " + type.name);
  }

 private:
  bool fail(std::string text) {
    error = std::move(text);
    return false;
  }

  bool numbered_field(const WireField& field, const NumberedField& numbered, const schema::Struct& type, Json& object) {
    if (numbered.inlined) return message(field.bytes, *numbered.inlined, type, object);
    const schema::Field* declared = type.find(numbered.name);
    if (declared == nullptr) return true;
    Json& place = object[declared->name];
    switch (declared->type.kind) {
      case schema::TypeKind::kList:
        return append(field, *declared->type.element, place);
      case schema::TypeKind::kMap:
        return put_entry(field, *declared->type.element, place);
      default:
        return value(field, declared->type, place);
    }
  }

  bool append(const WireField& field, const schema::Type& element, Json& list) {
    if (!list.is_array()) list = Json::array();
    const bool number = element.kind == schema::TypeKind::kInt32 || element.kind == schema::TypeKind::kInt64;
    if (!number || !field.is_delimited) {
      Json item;
      if (!value(field, element, item)) return false;
      list.push_back(std::move(item));
      return true;
    }
    Reader packed(field.bytes);
    while (!packed.at_end()) {
      const auto each = packed.next_varint();
      if (!each) return fail("malformed list of numbers");
      list.push_back(static_cast<std::int64_t>(*each));
    }
    return true;
  }

  // A map is a list of messages {key = 1, value = 2}.
  bool put_entry(const WireField& field, const schema::Type& element, Json& map) {
    if (!map.is_object()) map = Json::object();
    std::string key;
    Json item;
    WireField none;
    none.is_delimited = true;
    if (!value(none, element, item)) return false;
    Reader reader(field.bytes);
    while (const auto part = reader.next()) {
      if (part->number == 1) key = part->bytes;
      if (part->number == 2 && !value(*part, element, item)) return false;
    }
    map[key] = std::move(item);
    return reader.ok() || fail("malformed map");
  }

  bool value(const WireField& field, const schema::Type& type, Json& place) {
    using schema::TypeKind;
    switch (type.kind) {
      case TypeKind::kString:
      case TypeKind::kDuration:
        place = std::string(field.bytes);
        return true;
      case TypeKind::kBool:
        place = field.value != 0;
        return true;
      case TypeKind::kInt32:
      case TypeKind::kInt64:
        place = signed_value(field);
        return true;
      case TypeKind::kDouble:
        place = std::bit_cast<double>(field.value);
        return true;
      case TypeKind::kBytes:
        place = base64_encode(field.bytes);
        return true;
      case TypeKind::kTime:
      case TypeKind::kMicroTime:
        place = decode_time(field.bytes, type.kind == TypeKind::kMicroTime);
        return true;
      case TypeKind::kQuantity:
        place = std::string(delimited_field(field.bytes, 1));
        return true;
      case TypeKind::kIntOrString:
        place = decode_int_or_string(field.bytes);
        return true;
      case TypeKind::kAny:
      case TypeKind::kObject:
        return raw_json(field, place);
      case TypeKind::kStruct:
        return structure(field, *type.structure, place);
      case TypeKind::kList:
      case TypeKind::kMap:
        break;
    }
    return fail("a list of lists");
  }

  // runtime.RawExtension and metav1.FieldsV1: {raw = 1}, which is JSON.
  bool raw_json(const WireField& field, Json& place) {
    const std::string_view raw = delimited_field(field.bytes, 1);
    if (raw.empty()) return true;
    skiff::Result<ParsedJson> parsed = parse_json(raw);
    if (!parsed) return fail(parsed.error().message);
    place = std::move(parsed->value);
    return true;
  }

  bool structure(const WireField& field, const schema::Struct& type, Json& place) {
    if (!place.is_object()) place = Json::object();
    const Message* numbers = find_message(type.full_name);
    if (numbers == nullptr) return fail("unknown message " + type.name);
    return message(field.bytes, *numbers, type, place);
  }
};

struct TypeMeta {
  std::string api_version;
  std::string kind;
};

const schema::Struct* find_type(const schema::Catalog& catalog, const TypeMeta& meta) {
  // Upstream has this one in every group.
  if (meta.kind == "DeleteOptions") return catalog.find_kind("", "v1", "DeleteOptions");
  const std::size_t slash = meta.api_version.find('/');
  if (slash == std::string::npos) return catalog.find_kind("", meta.api_version, meta.kind);
  return catalog.find_kind(meta.api_version.substr(0, slash), meta.api_version.substr(slash + 1), meta.kind);
}

// Text on the wire is not checked on its way in, so it is checked here: JSON has to be UTF-8.
bool is_utf8(const Json& document) {
  try {
    (void)document.dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

}  // namespace

skiff::Result<Json> decode(std::string_view body, const schema::Catalog& catalog) {
  if (!body.starts_with(kMagic)) return malformed("the body does not begin with the magic number \"k8s\\x00\"");
  const std::string_view unknown = body.substr(kMagic.size());
  TypeMeta meta;
  std::string_view raw;
  Reader reader(unknown);
  while (const auto field = reader.next()) {
    if (field->number == 1) meta.api_version = delimited_field(field->bytes, 1);
    if (field->number == 1) meta.kind = delimited_field(field->bytes, 2);
    if (field->number == 2) raw = field->bytes;
  }
  if (!reader.ok()) return malformed("malformed runtime.Unknown");

  Json document = {{"apiVersion", meta.api_version}, {"kind", meta.kind}};
  const schema::Struct* type = find_type(catalog, meta);
  const Message* numbers = type == nullptr ? nullptr : find_message(type->full_name);
  Decoder decoder;
  if (numbers != nullptr && !decoder.message(raw, *numbers, *type, document)) return malformed(decoder.error);
  if (!is_utf8(document)) return malformed("invalid UTF-8");
  return skiff::Result<Json>(boost::system::in_place_value, std::move(document));
}

}  // namespace skiff::api::protobuf
