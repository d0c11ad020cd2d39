#pragma once

#include "api/base/result.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skiff {

// The order of member names is that of their bytes. Most names differ in the first one, and without a look at that the
// calls of memcmp() were a tenth of what the thread of controllers and scheduler does while pods come by the thousand.
struct MemberOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const noexcept {
    if (a.empty() || b.empty() || a.front() == b.front()) return a < b;
    return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
  }
};
template <class Name, class Value, class Order, class Allocator>
using JsonObject = std::map<Name, Value, MemberOrder, Allocator>;

// An API document. Object members are sorted by name, as clients print them.
using Json = nlohmann::basic_json<JsonObject>;

// Deeper input is refused: dump() and the schema engine recurse, and no real object comes near it.
inline constexpr std::size_t kMaxJsonDepth = 256;

struct ParsedJson {
  Json value;
  // Paths ("spec.replicas", "spec.containers[0].name") of members that stood twice in one object; the last one won.
  std::vector<std::string> duplicate_fields;
};

// Parses one JSON document from untrusted bytes. kInvalid with the position when it is malformed, is nested deeper than
// kMaxJsonDepth, is not UTF-8 or has anything but white space behind it.
[[nodiscard]] Result<ParsedJson> parse_json(std::string_view text);

// Parses one YAML document (the JSON-compatible subset that Kubernetes takes: YAML 1.1 scalars, no anchors that expand
// beyond `kMaxJsonDepth` levels or a million nodes) into JSON. Same errors as parse_json.
[[nodiscard]] Result<ParsedJson> parse_yaml(std::string_view text);

// The document as block-style YAML with sorted members, as kubectl prints it.
[[nodiscard]] std::string to_yaml(const Json& value);

// Compact JSON. Invalid UTF-8 inside strings (which parse_json never lets in) is replaced, never thrown on.
[[nodiscard]] std::string to_json_text(const Json& value);
void append_json_text(std::string& text, const Json& value);
void append_json_string(std::string& text, std::string_view string);

// Read-only walking: the member or element at the end of a path of member names, or nullptr when any step is missing or
// not an object. `find(pod, {"spec", "nodeName"})`.
[[nodiscard]] const Json* find(const Json& value, std::initializer_list<std::string_view> path);

// The string, integer or boolean at the path, or `fallback` when it is missing or of another type.
[[nodiscard]] std::string string_at(const Json& value, std::initializer_list<std::string_view> path,
                                    std::string_view fallback = "");
[[nodiscard]] std::int64_t integer_at(const Json& value, std::initializer_list<std::string_view> path,
                                      std::int64_t fallback = 0);
[[nodiscard]] bool bool_at(const Json& value, std::initializer_list<std::string_view> path, bool fallback = false);

}  // namespace skiff
