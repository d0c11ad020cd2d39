#include "api/schema/validate.h"

#include "api/schema/go_text.h"

#include <algorithm>
#include <set>

namespace skiff::api::schema {
namespace {

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_array() && value.empty());
}

bool is_text(const Json& value) { return value.is_string(); }

const std::string& text_of(const Json& value) { return value.get_ref<const std::string&>(); }

// "must have at least 2 items".
std::string at_least(std::size_t count, std::string_view unit) {
  return "must have at least " + std::to_string(count) + " " + std::string(unit) + (count == 1 ? "" : "s");
}

// Walks an object. The path is one buffer that grows and shrinks on the way: only findings cost an allocation.
class Validator {
 public:
  Validator(std::string_view path, FieldErrors& errors) : path_(path), errors_(errors) {}

  void check_struct(const Struct& type, const Json& object) {
    if (!object.is_object()) return;
    for (const Field& field : type.fields) {
      const auto member = object.find(field.name);
      if (member == object.end() && !field.required) continue;
      const std::size_t length = path_.size();
      if (length != 0) path_ += '.';
      path_ += field.name;
      if (member == object.end()) {
        errors_.required(path_);
      } else {
        check_field(field, member.value());
      }
      path_.resize(length);
    }
  }

 private:
  void check_field(const Field& field, const Json& value) {
    if (field.required && is_missing(field, value)) {
      errors_.required(path_);
      return;
    }
    if (value.is_array()) {
      check_items(field, value);
    } else {
      check_scalar(field, value);
    }
    check_type(field.type, value);
  }

  // A number that must be positive and is 0 was not given: upstream's numbers have no other way to say so.
  static bool is_missing(const Field& field, const Json& value) {
    return is_empty(value) || (field.minimum.value_or(0) > 0 && value == 0);
  }

  void check_items(const Field& field, const Json& list) {
    if (field.max_length && list.size() > *field.max_length) {
      errors_.too_many(path_, list.size(), *field.max_length);
    }
    if (field.min_length && list.size() < *field.min_length) {
      errors_.invalid(path_, list.size(), at_least(*field.min_length, "item"));
    }
    if (field.unique) check_unique(field, list);
    if (field.enum_values.empty() && field.format.empty()) return;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::size_t length = enter(i);
      check_text(field, list[i]);
      path_.resize(length);
    }
  }

  void check_scalar(const Field& field, const Json& value) {
    if (value.is_number()) check_bounds(field, value);
    if (!is_text(value)) return;
    if (field.max_length && text_of(value).size() > *field.max_length) errors_.too_long(path_, *field.max_length);
    if (field.min_length && text_of(value).size() < *field.min_length) {
      errors_.invalid(path_, value, at_least(*field.min_length, "byte"));
    }
    check_text(field, value);
  }

  void check_bounds(const Field& field, const Json& value) {
    const bool too_small = field.minimum && value < *field.minimum;
    const bool too_large = field.maximum && value > *field.maximum;
    if (!too_small && !too_large) return;
    if (field.minimum && field.maximum) {
      errors_.invalid(path_, value,
                      "must be between " + std::to_string(*field.minimum) + " and " + std::to_string(*field.maximum) +
                          ", inclusive");
    } else {
      errors_.invalid(path_, value,
                      too_small ? "must be greater than or equal to " + std::to_string(*field.minimum)
                                : "must be less than or equal to " + std::to_string(*field.maximum));
    }
  }

  void check_text(const Field& field, const Json& value) {
    if (!is_text(value)) return;
    const std::vector<std::string>& allowed = field.enum_values;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), text_of(value)) == allowed.end()) {
      errors_.not_supported(path_, value, allowed);
    }
    if (!field.format.empty()) validate_format(field.format, text_of(value), path_, errors_);
  }

  void check_unique(const Field& field, const Json& list) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::optional<Json> key_value = unique_key(field, list[i]);
      if (!key_value || seen.insert(to_json_text(*key_value)).second) continue;
      std::string place = index(path_, i);
      if (field.list_map_keys.size() == 1) place = child(place, field.list_map_keys.front());
      if (field.list_map_keys.size() > 1) place = child(place, in_braces(field.list_map_keys));
      errors_.duplicate(std::move(place), *key_value);
    }
  }

  // What must not occur twice: a set's element, the one key of a map's, or several as "{a, b}". Nothing when a key is
  // missing, which is another finding.
  static std::optional<Json> unique_key(const Field& field, const Json& element) {
    if (field.list_map_keys.empty()) return element;
    std::vector<std::string> values;
    for (const std::string& name : field.list_map_keys) {
      const Json* value = find(element, {name});
      if (value == nullptr || is_empty(*value)) return std::nullopt;
      if (field.list_map_keys.size() == 1) return *value;
      values.push_back(is_text(*value) ? text_of(*value) : to_json_text(*value));
    }
    return Json(in_braces(values));
  }

  static std::string in_braces(const std::vector<std::string>& texts) {
    std::string result = "{";
    for (std::size_t i = 0; i < texts.size(); ++i) result.append(i == 0 ? "" : ", ").append(texts[i]);
    return result + "}";
  }

  void check_type(const Type& type, const Json& value) {
    if (type.kind == TypeKind::kStruct) {
      check_struct(*type.structure, value);
    } else if (type.element == nullptr || (type.element->kind != TypeKind::kStruct && !type.element->element)) {
      return;  // nothing is declared for the elements of lists and maps of scalars but what check_items has seen
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        const std::size_t length = enter(i);
        check_type(*type.element, value[i]);
        path_.resize(length);
      }
    } else if (value.is_object()) {
      for (const auto& [name, element] : value.items()) {
        const std::size_t length = path_.size();
        path_.append("[").append(name).append("]");
        check_type(*type.element, element);
        path_.resize(length);
      }
    }
  }

  // Adds a list position; the length to go back to.
  std::size_t enter(std::size_t position) {
    const std::size_t length = path_.size();
    path_.append("[").append(std::to_string(position)).append("]");
    return length;
  }

  std::string path_;
  FieldErrors& errors_;
};

FieldError immutable_error(const Field& field, const Json& value, std::string path) {
  std::string shown = value.is_structured() ? internal::go_syntax(field.type, value) : to_json_text(value);
  return {FieldErrorType::kInvalid, std::move(path), std::move(shown), "field is immutable"};
}

}  // namespace

void validate(const Struct& type, const Json& object, std::string_view path, FieldErrors& errors) {
  Validator(path, errors).check_struct(type, object);
}

void validate_immutable(const Struct& type, const Json& object, const Json& old_object, std::string_view path,
                        FieldErrors& errors) {
  static const Json kAbsent;
  for (const Field& field : type.fields) {
    const Json* value = find(object, {field.name});
    const Json* old_value = find(old_object, {field.name});
    if (value == nullptr) value = &kAbsent;
    if (old_value == nullptr) old_value = &kAbsent;
    if (field.immutable) {
      if (*value != *old_value) errors.add(immutable_error(field, *value, child(path, field.name)));
    } else if (field.type.kind == TypeKind::kStruct && value->is_object() && old_value->is_object()) {
      validate_immutable(*field.type.structure, *value, *old_value, child(path, field.name), errors);
    }
  }
}

}  // namespace skiff::api::schema
