#include "nodeagent/same_document.h"

namespace skiff::nodeagent {

namespace {

bool is_empty(const Json& value) { return value.is_null() || (value.is_structured() && value.empty()) || value == ""; }

bool covers(const Json& a, const Json& b) {
  for (const auto& [name, value] : a.items()) {
    const auto other = b.find(name);
    if (other == b.end() ? !same_document(value, Json()) : !same_document(value, *other)) return false;
  }
  return true;
}

bool empty_throughout(const Json& value) {
  if (!value.is_object()) return is_empty(value);
  return std::all_of(value.begin(), value.end(), [](const Json& member) { return empty_throughout(member); });
}

}  // namespace

bool same_document(const Json& a, const Json& b) {
  if (a.is_object() && b.is_object()) return covers(a, b) && covers(b, a);
  if (a.is_array() && b.is_array()) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Json& left, const Json& right) { return same_document(left, right); });
  }
  return a == b || (empty_throughout(a) && empty_throughout(b));
}

}  // namespace skiff::nodeagent
