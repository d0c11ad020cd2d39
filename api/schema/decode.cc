#include "api/schema/decode.h"

#include "api/field_error.h"
#include "api/schema/go_text.h"
#include "api/schema/scalars.h"

#include <algorithm>
#include <limits>

namespace skiff::api::schema {
namespace {

// A number's text as Go's messages have it.
std::string number_name(const Json& value) { return "number " + to_json_text(value); }

// Decodes a document in place. As Go's decoder it carries on behind an error and reports the first.
class Decoder {
 public:
  std::vector<std::string> unknown_fields;
  std::string error;

  void decode_struct(const Struct& structure, Json& object) {
    for (auto member = object.begin(); member != object.end();) {
      const Field* field = structure.find(member.key());
      if (field == nullptr) {
        path_.push_back({StepKind::kField, &member.key(), 0});
        unknown_fields.push_back("unknown field " + to_json_text(path()));
        path_.pop_back();
        member = object.erase(member);
        continue;
      }
      Json& value = member.value();
      if (!value.is_null()) {
        path_.push_back({StepKind::kField, &member.key(), 0});
        decode_value(field->type, structure, value);
        path_.pop_back();
      }
      member = is_dropped(*field, value) ? object.erase(member) : std::next(member);
    }
  }

 private:
  enum class StepKind { kField, kMapKey, kPosition };
  struct Step {
    StepKind kind;
    const std::string* name;  // of a field or map key
    std::size_t position;     // in a list
  };

  // omitempty.
  static bool is_dropped(const Field& field, const Json& value) {
    if (value.is_null()) return true;
    if (field.omit_zero && (value == false || value == 0)) return true;
    if (field.keep_empty || field.type.kind == TypeKind::kStruct) return false;
    const bool text_is_empty = value.is_string() && value.get_ref<const std::string&>().empty();
    return text_is_empty || (value.is_structured() && value.empty());
  }

  void decode_value(const Type& type, const Struct& owner, Json& value) {
    switch (type.kind) {
      case TypeKind::kString:
        if (!value.is_string()) mismatch(type, owner, internal::go_name_of_value(value));
        return;
      case TypeKind::kBool:
        if (!value.is_boolean()) mismatch(type, owner, internal::go_name_of_value(value));
        return;
      case TypeKind::kInt32:
      case TypeKind::kInt64:
        check_integer(type, owner, value);
        return;
      case TypeKind::kDouble:
        if (!value.is_number()) mismatch(type, owner, internal::go_name_of_value(value));
        return;
      case TypeKind::kAny:
        return;
      case TypeKind::kObject:
        if (!value.is_object()) mismatch(type, owner, internal::go_name_of_value(value));
        return;
      case TypeKind::kBytes:
        if (!value.is_string()) {
          mismatch(type, owner, internal::go_name_of_value(value));
          return;
        }
        [[fallthrough]];
      case TypeKind::kTime:
      case TypeKind::kMicroTime:
      case TypeKind::kDuration:
      case TypeKind::kQuantity:
      case TypeKind::kIntOrString:
        if (std::string problem = internal::decode_scalar(type.kind, value); !problem.empty()) fail(std::move(problem));
        return;
      case TypeKind::kList:
        decode_list(type, owner, value);
        return;
      case TypeKind::kMap:
        decode_map(type, owner, value);
        return;
      case TypeKind::kStruct:
        if (!value.is_object()) {
          mismatch(type, owner, internal::go_name_of_value(value));
        } else {
          decode_struct(*type.structure, value);
        }
        return;
    }
  }

  void check_integer(const Type& type, const Struct& owner, const Json& value) {
    if (!value.is_number()) return mismatch(type, owner, internal::go_name_of_value(value));
    const bool fits = type.kind == TypeKind::kInt32 ? internal::is_integer_of<std::int32_t>(value)
                                                    : internal::is_integer_of<std::int64_t>(value);
    if (!fits) mismatch(type, owner, number_name(value));
  }

  void decode_list(const Type& type, const Struct& owner, Json& value) {
    if (!value.is_array()) return mismatch(type, owner, internal::go_name_of_value(value));
    for (std::size_t i = 0; i < value.size(); ++i) {
      path_.push_back({StepKind::kPosition, nullptr, i});
      decode_element(*type.element, owner, value[i]);
      path_.pop_back();
    }
  }

  void decode_map(const Type& type, const Struct& owner, Json& value) {
    if (!value.is_object()) return mismatch(type, owner, internal::go_name_of_value(value));
    for (auto member = value.begin(); member != value.end(); ++member) {
      path_.push_back({StepKind::kMapKey, &member.key(), 0});
      decode_element(*type.element, owner, member.value());
      path_.pop_back();
    }
  }

  void decode_element(const Type& type, const Struct& owner, Json& value) {
    if (value.is_null()) {
      value = internal::zero_value(type.kind);  // what Go leaves in the place of a null
    } else {
      decode_value(type, owner, value);
    }
  }

  void fail(std::string text) {
    if (error.empty()) error = std::move(text);
  }

  void mismatch(const Type& type, const Struct& owner, const std::string& found) {
    fail("json: cannot unmarshal " + found + " into Go struct field " + owner.name + "." + field_path() + " of type " +
         internal::go_name(type));
  }

  // The fields on the way, without list positions and map keys, as Go has them.
  std::string field_path() const {
    std::string text;
    for (const Step& step : path_) {
      if (step.kind == StepKind::kField) text = child(text, *step.name);
    }
    return text;
  }

  // "spec.containers[0].image".
  std::string path() const {
    std::string text;
    for (const Step& step : path_) {
      text = step.kind == StepKind::kPosition ? index(text, step.position) : child(text, *step.name);
    }
    return text;
  }

  std::vector<Step> path_;
};

// Upstream's transformDecodeError: the kind and version that the document claims, and what it was wanted as.
Status decode_error(const Struct& type, const Json& document, const std::string& problem) {
  const std::string api_version = string_at(document, {"apiVersion"}, type.version);
  const std::string version = api_version.substr(api_version.find('/') + 1);
  return bad_request(string_at(document, {"kind"}, type.name) + " in version " + to_json_text(version) +
                     " cannot be handled as a " + type.name + ": " + problem);
}

}  // namespace

Result<Decoded> decode(const Struct& type, Json document) {
  if (!document.is_object()) {
    return decode_error(type, Json::object(),
                        "json: cannot unmarshal " + internal::go_name_of_value(document) + " into Go value of type " +
                            internal::go_name(type));
  }
  Decoder decoder;
  decoder.decode_struct(type, document);
  if (!decoder.error.empty()) return decode_error(type, document, decoder.error);
  std::sort(decoder.unknown_fields.begin(), decoder.unknown_fields.end());
  return Decoded{std::move(document), std::move(decoder.unknown_fields)};
}

}  // namespace skiff::api::schema
