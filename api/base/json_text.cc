#include "api/base/json_text.h"

#include "api/base/json.h"

#include <algorithm>

namespace skiff {
namespace {

// The position behind the string whose opening quote stands at `position`.
std::size_t end_of_string(std::string_view text, std::size_t position) {
  ++position;
  while (true) {
    const std::size_t quote = text.find('"', position);
    if (quote == std::string_view::npos) return text.size();
    std::size_t backslashes = 0;
    while (quote - backslashes > position && text[quote - backslashes - 1] == '\\') ++backslashes;
    position = quote + 1;
    if (backslashes % 2 == 0) return position;
  }
}

// The position behind the value that begins at `position`.
std::size_t end_of_value(std::string_view text, std::size_t position) {
  int depth = 0;
  while (position < text.size()) {
    const char c = text[position];
    if (c == '"') {
      position = end_of_string(text, position);
      if (depth == 0) return position;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    // Numbers and words end before what follows, objects and lists with their bracket.
    if (depth < 0 || (depth == 0 && c == ',')) return position;
    ++position;
    if (depth == 0 && (c == '}' || c == ']')) return position;
  }
  return text.size();
}

}  // namespace

bool JsonTextWalker::next() {
  if (position_ < text_.size() && text_[position_] == ',') ++position_;
  if (position_ >= text_.size() || text_[position_] == '}' || text_[position_] == ']') return false;
  if (text_.front() == '{') {
    const std::size_t end = end_of_string(text_, position_);
    if (end + 1 >= text_.size()) return false;
    name_ = text_.substr(position_ + 1, end - position_ - 2);
    position_ = end + 1;
  }
  const std::size_t end = end_of_value(text_, position_);
  if (end == position_) return false;
  value_ = text_.substr(position_, end - position_);
  position_ = end;
  return true;
}

std::string_view json_text_member(std::string_view object, std::string_view name) {
  for (JsonTextWalker members(object); members.next();) {
    if (members.name() == name) return members.value();
  }
  return {};
}

std::string json_text_string(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return "";
  if (value.find('\\') == std::string_view::npos) return std::string(value.substr(1, value.size() - 2));
  const auto parsed = parse_json(value);
  return parsed && parsed->value.is_string() ? parsed->value.get<std::string>() : "";
}

}  // namespace skiff
