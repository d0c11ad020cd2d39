#include "api/managed_fields/path_element.h"

#include <algorithm>
#include <charconv>

namespace skiff::api::managed_fields {
namespace {

constexpr std::size_t kPrefix = 2;  // "f:"

// Kinds of elements in upstream's order.
constexpr std::string_view kKinds = "fkvi";

// JSON as Go's encoder writes it, which hides what HTML would read.
std::string go_json(const Json& value) {
  const std::string plain = to_json_text(value);
  if (plain.find_first_of("<>&") == std::string::npos) return plain;
  std::string text;
  for (const char c : plain) {
    switch (c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += c;
    }
  }
  return text;
}

std::optional<Json> parsed(std::string_view text) {
  auto value = parse_json(text);
  if (!value) return std::nullopt;
  return std::optional<Json>(std::move(value->value));
}

std::optional<int> parsed_index(std::string_view text) {
  int index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return index;
}

// Numbers, then texts, then booleans.
int rank(const Json& value) {
  if (value.is_number()) return 0;
  if (value.is_string()) return 1;
  return 2;
}

bool value_before(const Json& a, const Json& b) { return rank(a) != rank(b) ? rank(a) < rank(b) : a < b; }

bool keys_before(const Json& a, const Json& b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (left.key() != right.key()) return left.key() < right.key();
    if (*left != *right) return value_before(*left, *right);
  }
  return left == a.end() && right != b.end();
}

}  // namespace

std::string field_element(std::string_view name) { return "f:" + std::string(name); }

std::string key_element(const Json& keys) { return "k:" + go_json(keys); }

std::string value_element(const Json& value) { return "v:" + go_json(value); }

std::optional<std::string_view> field_name(std::string_view element) {
  if (!element.starts_with("f:")) return std::nullopt;
  return element.substr(kPrefix);
}

std::optional<std::string> normalized_element(std::string_view element) {
  if (element.size() < kPrefix || element[1] != ':') return std::nullopt;
  const std::string_view rest = element.substr(kPrefix);
  switch (element[0]) {
    case 'f':
      return std::string(element);
    case 'k': {
      const auto keys = parsed(rest);
      if (!keys || !keys->is_object()) return std::nullopt;
      return key_element(*keys);
    }
    case 'v': {
      const auto value = parsed(rest);
      if (!value) return std::nullopt;
      return value_element(*value);
    }
    case 'i': {
      const auto index = parsed_index(rest);
      if (!index) return std::nullopt;
      return "i:" + std::to_string(*index);
    }
    default:
      return std::nullopt;
  }
}

std::string element_text(std::string_view element) {
  const std::string_view rest = element.substr(std::min(kPrefix, element.size()));
  if (element.starts_with("f:")) return "." + std::string(rest);
  if (element.starts_with("i:")) return "[" + std::string(rest) + "]";
  const auto value = parsed(rest);
  if (!value) return "[" + std::string(rest) + "]";
  if (element.starts_with("v:")) return "[=" + to_json_text(*value) + "]";
  std::string text;
  for (const auto& [name, key] : value->items()) text += (text.empty() ? "" : ",") + name + "=" + to_json_text(key);
  return "[" + text + "]";
}

bool element_before(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a < b;
  if (a[0] != b[0]) return kKinds.find(a[0]) < kKinds.find(b[0]);
  if (a[0] == 'f') return a < b;
  const auto left = parsed(a.substr(std::min(kPrefix, a.size())));
  const auto right = parsed(b.substr(std::min(kPrefix, b.size())));
  if (!left || !right) return a < b;
  return a[0] == 'k' ? keys_before(*left, *right) : value_before(*left, *right);
}

}  // namespace skiff::api::managed_fields
