#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skiff {

// Walks over the members of an object or the elements of a list in JSON text, without making a document of it: for text
// that is large beside what is wanted of it. The text must be what to_json_text() writes (no white space); of any other
// text the walk shows some part, but never leaves it. The views are into the text.
//
//   for (JsonTextWalker members(R"({"a":1,"b":[2]})"); members.next();) ...   // a: 1, then b: [2]
class JsonTextWalker {
 public:
  explicit JsonTextWalker(std::string_view text) : text_(text) {}

  // Goes to the next member or element; false when there is none.
  bool next();
  // What stands between the quotes of the member's name, escapes as they are; empty for elements.
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  std::string_view text_;
  std::size_t position_ = 1;  // behind the bracket
  std::string_view name_;
  std::string_view value_;
};

// The value of the object's member of that name, or nothing.
[[nodiscard]] std::string_view json_text_member(std::string_view object, std::string_view name);

// The string that this JSON text of a string means.
[[nodiscard]] std::string json_text_string(std::string_view value);

}  // namespace skiff
