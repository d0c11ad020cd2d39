#include "api/protobuf/decode.h"

#include "api/base/ids.h"
#include "api/protobuf/reader.h"
#include "api/protobuf/scalars.h"

#include <algorithm>
#include <bit>
#include <string>

namespace skiff::api::protobuf {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);
// Types may contain themselves (a JSON schema's properties are JSON schemas); no object comes near this.
constexpr int kMaxDepth = 64;

Error malformed(std::string what) { return Error{ErrorCode::kInvalid, std::move(what)}; }

// How a value of this kind is written.
WireType wire_type_of(schema::TypeKind kind) {
  switch (kind) {
    case schema::TypeKind::kBool:
    case schema::TypeKind::kInt32:
    case schema::TypeKind::kInt64:
      return WireType::kVarint;
    case schema::TypeKind::kDouble:
      return WireType::kFixed64;
    default:
      return WireType::kDelimited;
  }
}

// Reads messages by their types.
class Decoder {
 public:
  std::string error;

  // The fields of a message as members of `object`. A field that comes again overwrites, or for messages, lists and
  // maps adds to, what was there. With `inlined_number`: of the inlined message of that number.
  bool decode_message(const schema::Struct& type, std::uint32_t inlined_number, std::string_view bytes, int depth,
                      Json& object) {
    if (depth > kMaxDepth) return fail("proto: " + type.name + " is nested too deeply");
    Reader reader(bytes);
    while (const std::optional<WireField> wire = reader.next()) {
      if (const schema::Field* field = find_field(type, inlined_number, wire->number)) {
        if (!decode_field(*field, *wire, depth, object[field->name])) return false;
      } else if (inlined_number == 0 && has_inlined(type, wire->number)) {
        if (!expect(WireType::kDelimited, *wire, type.name)) return false;
        if (!decode_message(type, wire->number, wire->bytes, depth + 1, object)) return false;
      }
    }
    return reader.error().empty() || fail(reader.error());
  }

 private:
  bool fail(std::string_view text) {
    error = text;
    return false;
  }

  bool expect(WireType type, const WireField& wire, std::string_view name) {
    if (wire.type == type) return true;
    return fail("proto: wrong wireType = " + std::to_string(static_cast<std::uint32_t>(wire.type)) + " for field " +
                std::string(name));
  }

  static const schema::Field* find_field(const schema::Struct& type, std::uint32_t inlined_number,
                                         std::uint32_t number) {
    const auto found = std::find_if(type.fields.begin(), type.fields.end(), [&](const schema::Field& field) {
      return field.protobuf_number == number && field.protobuf_inlined_number == inlined_number;
    });
    return found == type.fields.end() ? nullptr : &*found;
  }

  static bool has_inlined(const schema::Struct& type, std::uint32_t number) {
    return std::any_of(type.fields.begin(), type.fields.end(),
                       [&](const schema::Field& field) { return field.protobuf_inlined_number == number; });
  }

  bool decode_field(const schema::Field& field, const WireField& wire, int depth, Json& value) {
    switch (field.type.kind) {
      case schema::TypeKind::kList:
        return append(field.name, *field.type.element, wire, depth, value);
      case schema::TypeKind::kMap:
        return put_entry(field.name, *field.type.element, wire, depth, value);
      default:
        return decode_value(field.name, field.type, wire, depth, value);
    }
  }

  bool append(std::string_view name, const schema::Type& element, const WireField& wire, int depth, Json& list) {
    if (!list.is_array()) list = Json::array();
    WireField number;
    number.type = wire_type_of(element.kind);
    if (wire.type != WireType::kDelimited || number.type == WireType::kDelimited) {
      return decode_value(name, element, wire, depth, list.emplace_back());
    }
    Reader packed(wire.bytes);
    while (!packed.at_end()) {
      number.value = packed.next_number(number.type).value_or(0);
      if (!packed.error().empty()) return fail(packed.error());
      if (!decode_value(name, element, number, depth, list.emplace_back())) return false;
    }
    return true;
  }

  // A map is a list of messages {key = 1, value = 2}.
  bool put_entry(std::string_view name, const schema::Type& element, const WireField& wire, int depth, Json& map) {
    if (!map.is_object()) map = Json::object();
    if (!expect(WireType::kDelimited, wire, name)) return false;
    std::string key;
    // What is not there is empty, or 0.
    WireField value;
    value.type = wire_type_of(element.kind);
    Reader reader(wire.bytes);
    while (const std::optional<WireField> part = reader.next()) {
      if (part->number == 1) {
        if (!expect(WireType::kDelimited, *part, name)) return false;
        key = part->bytes;
      } else if (part->number == 2) {
        value = *part;
      }
    }
    if (!reader.error().empty()) return fail(reader.error());
    return decode_value(name, element, value, depth, map[key] = nullptr);
  }

  // A list inside of a map is a message {items = 1}.
  bool decode_items(std::string_view name, const schema::Type& element, std::string_view bytes, int depth, Json& list) {
    list = Json::array();
    Reader reader(bytes);
    while (const std::optional<WireField> item = reader.next()) {
      if (item->number == 1 && !append(name, element, *item, depth, list)) return false;
    }
    return reader.error().empty() || fail(reader.error());
  }

  bool decode_value(std::string_view name, const schema::Type& type, const WireField& wire, int depth, Json& value) {
    using schema::TypeKind;
    if (!expect(wire_type_of(type.kind), wire, name)) return false;
    switch (type.kind) {
      case TypeKind::kString:
        value = std::string(wire.bytes);
        return true;
      case TypeKind::kBytes:
        value = base64_encode(wire.bytes);
        return true;
      case TypeKind::kBool:
        value = wire.value != 0;
        return true;
      case TypeKind::kInt32:
        value = static_cast<std::int32_t>(wire.value);
        return true;
      case TypeKind::kInt64:
        value = static_cast<std::int64_t>(wire.value);
        return true;
      case TypeKind::kDouble:
        value = std::bit_cast<double>(wire.value);
        return true;
      case TypeKind::kStruct:
        if (!value.is_object()) value = Json::object();
        return decode_message(*type.structure, 0, wire.bytes, depth + 1, value);
      case TypeKind::kList:
        return decode_items(name, *type.element, wire.bytes, depth, value);
      case TypeKind::kMap:
        return fail("proto: a map inside of a list or map in field " + std::string(name));
      default: {
        const std::string problem = decode_scalar(type.kind, wire.bytes, value);
        return problem.empty() || fail(problem);
      }
    }
  }
};

// runtime.Unknown: {typeMeta = 1 {apiVersion = 1, kind = 2}, raw = 2, contentEncoding = 3, contentType = 4}. The last
// two are not looked at, as upstream does.
struct Envelope {
  std::string api_version;
  std::string kind;
  std::string_view raw;
};

skiff::Result<Envelope> open_envelope(std::string_view bytes) {
  Envelope envelope;
  Reader reader(bytes);
  while (const std::optional<WireField> field = reader.next()) {
    if (field->number > 2) continue;
    if (field->type != WireType::kDelimited) return malformed("proto: wrong wireType for a field of Unknown");
    if (field->number == 2) {
      envelope.raw = field->bytes;
      continue;
    }
    Reader type_meta(field->bytes);
    while (const std::optional<WireField> part = type_meta.next()) {
      if (part->number == 1) envelope.api_version = part->bytes;
      if (part->number == 2) envelope.kind = part->bytes;
    }
    if (!type_meta.error().empty()) return malformed(std::string(type_meta.error()));
  }
  if (!reader.error().empty()) return malformed(std::string(reader.error()));
  if (envelope.kind.empty()) return malformed("Object 'Kind' is missing in '" + envelope.api_version + "'");
  if (envelope.api_version.empty()) return malformed("Object 'apiVersion' is missing in '" + envelope.kind + "'");
  return envelope;
}

const schema::Struct* find_type(const schema::Catalog& catalog, const Envelope& envelope) {
  // Upstream has this one in every group.
  if (envelope.kind == "DeleteOptions") return catalog.find_kind("", "v1", "DeleteOptions");
  const std::string_view api_version = envelope.api_version;
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return catalog.find_kind("", api_version, envelope.kind);
  return catalog.find_kind(api_version.substr(0, slash), api_version.substr(slash + 1), envelope.kind);
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
  if (body.empty()) return malformed("empty data");
  if (!body.starts_with(kMagic)) {
    return malformed("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  if (body.size() == kMagic.size()) return malformed("empty body");
  const skiff::Result<Envelope> envelope = open_envelope(body.substr(kMagic.size()));
  if (!envelope) return envelope.error();

  Json document = {{"apiVersion", envelope->api_version}, {"kind", envelope->kind}};
  const schema::Struct* type = find_type(catalog, *envelope);
  Decoder decoder;
  if (type != nullptr && !decoder.decode_message(*type, 0, envelope->raw, 0, document)) return malformed(decoder.error);
  if (!is_utf8(document)) return malformed("proto: invalid UTF-8 in " + envelope->kind);
  return skiff::Result<Json>(boost::system::in_place_value, std::move(document));
}

}  // namespace skiff::api::protobuf
