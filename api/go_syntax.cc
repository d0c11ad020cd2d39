#include "api/go_syntax.h"

#include <array>

namespace skiff::api {
namespace {

const Json& member(const Json& object, const char* name) {
  static const Json absent;
  const Json* found = find(object, {name});
  return found == nullptr ? absent : *found;
}

std::string quoted(const Json& object, const char* name) { return to_json_text(Json(string_at(object, {name}))); }

template <class Print>
std::string list_of(const std::string& type, const Json& elements, Print print) {
  if (!elements.is_array()) return type + "(nil)";
  std::string text;
  for (const Json& element : elements) text += (text.empty() ? "" : ", ") + print(element);
  return type + "{" + text + "}";
}

std::string bool_pointer(const Json& value) { return value.is_boolean() ? to_json_text(value) : "(*bool)(nil)"; }

std::string requirement(const Json& value) {
  return "v1.LabelSelectorRequirement{Key:" + quoted(value, "key") + ", Operator:" + quoted(value, "operator") +
         ", Values:" + go_string_list(member(value, "values")) + "}";
}

}  // namespace

std::string go_string_map(const Json& map) {
  if (!map.is_object()) return "map[string]string(nil)";
  std::string text;
  for (const auto& [name, value] : map.items()) {
    text += (text.empty() ? "" : ", ") + to_json_text(name) + ":" + to_json_text(value);
  }
  return "map[string]string{" + text + "}";
}

std::string go_string_list(const Json& list, std::string_view type) {
  return list_of("[]" + std::string(type), list, to_json_text);
}

std::string go_label_selector(const Json& selector) {
  return "v1.LabelSelector{MatchLabels:" + go_string_map(member(selector, "matchLabels")) + ", MatchExpressions:" +
         list_of("[]v1.LabelSelectorRequirement", member(selector, "matchExpressions"), requirement) + "}";
}

std::string go_int_or_string(const Json& value) {
  const bool is_text = value.is_string();
  std::string text = "intstr.IntOrString{Type:";
  text += is_text ? "1" : "0";
  text += ", IntVal:" + (value.is_number() ? to_json_text(value) : "0");
  text += ", StrVal:" + (is_text ? to_json_text(value) : "\"\"");
  return text + "}";
}

std::string go_owner_reference(const Json& reference) {
  return "v1.OwnerReference{APIVersion:" + quoted(reference, "apiVersion") + ", Kind:" + quoted(reference, "kind") +
         ", Name:" + quoted(reference, "name") + ", UID:" + quoted(reference, "uid") +
         ", Controller:" + bool_pointer(member(reference, "controller")) +
         ", BlockOwnerDeletion:" + bool_pointer(member(reference, "blockOwnerDeletion")) + "}";
}

std::string go_owner_references(const Json& references) {
  return list_of("[]v1.OwnerReference", references, go_owner_reference);
}

std::string go_quantity(std::string_view text) {
  struct Suffix {
    char letter;
    int exponent;
  };
  constexpr std::array<Suffix, 9> kSuffixes = {
      {{'n', -9}, {'u', -6}, {'m', -3}, {'k', 3}, {'M', 6}, {'G', 9}, {'T', 12}, {'P', 15}, {'E', 18}}};
  const std::string as_written = to_json_text(Json(text));
  int scale = 0;
  std::string_view number = text;
  for (const Suffix& suffix : kSuffixes) {
    if (!number.ends_with(suffix.letter)) continue;
    number.remove_suffix(1);
    scale = suffix.exponent;
    break;
  }
  if (number.empty() || number.find_first_not_of("-0123456789.") != number.npos) return as_written;
  std::string digits(number);
  if (const std::size_t point = digits.find('.'); point != digits.npos) {
    scale -= static_cast<int>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  const bool negative = digits.starts_with('-');
  const std::size_t first = digits.find_first_of("123456789");
  digits = first == digits.npos ? "0" : (negative ? "-" : "") + digits.substr(first);
  return "resource.Quantity{i:resource.int64Amount{value:" + digits + ", scale:" + std::to_string(scale) +
         "}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:\"\", Format:\"DecimalSI\"}";
}

std::string go_time(std::string_view text) {
  std::string shown(text.substr(0, text.find('Z')));
  if (const std::size_t separator = shown.find('T'); separator != std::string::npos) shown[separator] = ' ';
  return shown + " +0000 UTC";
}

}  // namespace skiff::api
