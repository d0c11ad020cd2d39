#include "api/base/json_syntax.h"

#include <spdlog/fmt/fmt.h>

namespace skiff {
namespace {

// A byte as Go quotes it; those above 127 are taken for characters of Latin-1.
std::string quoted_byte(char c) {
  switch (c) {
    case '\'':
      return R"('\'')";
    case '\\':
      return R"('\\')";
    case '\a':
      return R"('\a')";
    case '\b':
      return R"('\b')";
    case '\f':
      return R"('\f')";
    case '\n':
      return R"('\n')";
    case '\r':
      return R"('\r')";
    case '\t':
      return R"('\t')";
    case '\v':
      return R"('\v')";
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7f) return fmt::format("'\\x{:02x}'", byte);
  if (byte < 0x80) return fmt::format("'{}'", c);
  if (byte < 0xa1 || byte == 0xad) return fmt::format("'\\u{:04x}'", byte);
  return {'\'', static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)), '\''};
}

class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  std::string run() {
    while (error_.empty()) {
      while (!at_end() && is_space(text_[position_])) ++position_;
      if (!at_end()) {
        step(text_[position_]);
      } else if (levels_.empty() && expected_ == Expected::kNext) {
        break;
      } else {
        cut_short();
      }
    }
    return error_;
  }

 private:
  enum class Expected { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kNext };

  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }

  bool cut_short() {
    error_ = "unexpected end of JSON input";
    return false;
  }

  bool invalid(std::string_view where) {
    error_ = fmt::format("invalid character {} {}", quoted_byte(text_[position_]), where);
    return false;
  }

  void open(char bracket, Expected expected) {
    levels_ += bracket;
    ++position_;
    expected_ = expected;
  }

  void close() {
    levels_.pop_back();
    ++position_;
    expected_ = Expected::kNext;
  }

  void step(char c) {
    switch (expected_) {
      case Expected::kValueOrEnd:
        if (c == ']') return close();
        [[fallthrough]];
      case Expected::kValue:
        if (c == '{') return open(c, Expected::kKeyOrEnd);
        if (c == '[') return open(c, Expected::kValueOrEnd);
        if (scalar(c)) expected_ = Expected::kNext;
        return;
      case Expected::kKeyOrEnd:
        if (c == '}') return close();
        [[fallthrough]];
      case Expected::kKey:
        if (c != '"') {
          invalid("looking for beginning of object key string");
        } else if (string()) {
          expected_ = Expected::kColon;
        }
        return;
      case Expected::kColon:
        if (c != ':') {
          invalid("after object key");
          return;
        }
        ++position_;
        expected_ = Expected::kValue;
        return;
      case Expected::kNext:
        next(c);
        return;
    }
  }

  // Behind a value.
  void next(char c) {
    if (levels_.empty()) {
      invalid("after top-level value");
      return;
    }
    const bool in_object = levels_.back() == '{';
    if (c == (in_object ? '}' : ']')) return close();
    if (c != ',') {
      invalid(in_object ? "after object key:value pair" : "after array element");
      return;
    }
    ++position_;
    expected_ = in_object ? Expected::kKey : Expected::kValue;
  }

  bool scalar(char c) {
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (c == word.front()) return literal(word);
    }
    return invalid("looking for beginning of value");
  }

  bool literal(std::string_view word) {
    for (const char wanted : word) {
      if (at_end()) return cut_short();
      if (text_[position_] != wanted) return invalid(fmt::format("in literal {} (expecting '{}')", word, wanted));
      ++position_;
    }
    return true;
  }

  // At least one, named when there is none.
  bool digits(std::string_view where) {
    if (at_end()) return cut_short();
    if (!is_digit(text_[position_])) return invalid(where);
    while (!at_end() && is_digit(text_[position_])) ++position_;
    return true;
  }

  // Steps over the character that is there if it is one of these.
  bool skip(std::string_view any_of) {
    const bool there = !at_end() && any_of.find(text_[position_]) != std::string_view::npos;
    if (there) ++position_;
    return there;
  }

  bool number() {
    skip("-");
    if (!skip("0") && !digits("in numeric literal")) return false;
    if (skip(".") && !digits("after decimal point in numeric literal")) return false;
    if (!skip("eE")) return true;
    skip("+-");
    return digits("in exponent of numeric literal");
  }

  bool string() {
    ++position_;
    while (!at_end()) {
      const char c = text_[position_];
      if (static_cast<unsigned char>(c) < 0x20) return invalid("in string literal");
      ++position_;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return cut_short();
  }

  bool escape() {
    if (at_end()) return cut_short();
    if (skip("bfnrt\\/\"")) return true;
    if (!skip("u")) return invalid("in string escape code");
    for (int i = 0; i < 4; ++i) {
      if (at_end()) return cut_short();
      if (!is_hexadecimal(text_[position_])) return invalid("in \\u hexadecimal character escape");
      ++position_;
    }
    return true;
  }

  const std::string_view text_;
  std::size_t position_ = 0;
  Expected expected_ = Expected::kValue;
  std::string levels_;  // the bracket that each began with
  std::string error_;
};

}  // namespace

std::string json_syntax_error(std::string_view text) { return JsonScanner(text).run(); }

}  // namespace skiff
