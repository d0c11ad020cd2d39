#include "api/base/json.h"
#include "api/base/yaml_scalar.h"

#include <algorithm>
#include <array>

// YAML as sigs.k8s.io/yaml (and so kubectl) writes it: block style, members sorted, lists not indented below their
// member, strings quoted only where they would be read back as something else. Long lines are not folded.
namespace skiff {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "2026-11-22" and "2026-11-22T14:53:01Z": a time to other readers of YAML.
bool looks_like_time(std::string_view text) {
  if (text.size() < 8 || !std::all_of(text.begin(), text.begin() + 4, is_digit) || text[4] != '-') return false;
  return std::all_of(text.begin() + 5, text.end(), [](char c) {
    return is_digit(c) || std::string_view("-T:tZ.+ ").find(c) != std::string_view::npos;
  });
}

// "12:30:45": a number of base 60 to readers of YAML 1.1.
bool looks_like_base_60(std::string_view text) {
  return text.find(':') != text.npos && (is_digit(text[0]) || text[0] == '-' || text[0] == '+') &&
         std::all_of(text.begin() + 1, text.end(),
                     [](char c) { return is_digit(c) || c == ':' || c == '_' || c == '.'; });
}

bool is_control(char c) { return (c >= 0 && c < ' ' && c != '\n') || c == 0x7f; }

bool has_special_characters(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_control)) return true;
  return text.find("\xef\xbb\xbf") != text.npos || text.find("\xc2\x85") != text.npos ||
         text.find("\xe2\x80\xa8") != text.npos || text.find("\xe2\x80\xa9") != text.npos;
}

// Whether block-style YAML would read the text, unquoted, as a plain scalar up to its end.
bool may_be_plain(std::string_view text) {
  if (text.front() == ' ' || text.back() == ' ' || text.starts_with("---") || text.starts_with("...")) return false;
  const auto space_or_end = [&](std::size_t at) { return at >= text.size() || text[at] == ' '; };
  if (std::string_view("#,[]{}&*!|>'\"%@`").find(text[0]) != std::string_view::npos) return false;
  if (std::string_view("-?:").find(text[0]) != std::string_view::npos && space_or_end(1)) return false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == ':' && space_or_end(i + 1)) return false;
    if (text[i] == '#' && text[i - 1] == ' ') return false;
  }
  return true;
}

std::string double_quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        result += "\\\"";
        break;
      case '\\':
        result += "\\\\";
        break;
      case '\n':
        result += "\\n";
        break;
      case '\t':
        result += "\\t";
        break;
      case '\r':
        result += "\\r";
        break;
      default:
        if (is_control(c)) {
          result.append("\\x").append(1, kHex[static_cast<unsigned char>(c) >> 4]).append(1, kHex[c & 0xf]);
        } else {
          result += c;
        }
    }
  }
  return result + "\"";
}

std::string single_quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) result.append(c == '\'' ? 2 : 1, c);
  return result + "'";
}

// A string on one line.
std::string inline_string(std::string_view text) {
  const bool merge_word = text == "<<";
  if (merge_word || !internal::resolve_plain_scalar(text).is_string() || looks_like_time(text) ||
      looks_like_base_60(text)) {
    return double_quoted(text);
  }
  if (has_special_characters(text) || text.find('\n') != text.npos) return double_quoted(text);
  return may_be_plain(text) ? std::string(text) : single_quoted(text);
}

// Whether a text of several lines can be shown as it is, behind a "|".
bool may_be_literal(std::string_view text) {
  return text.find('\n') != text.npos && !has_special_characters(text) && text.find(" \n") == text.npos &&
         text.back() != ' ';
}

class Writer {
 public:
  std::string text;

  // A value that stands behind "name:" or "- " at `indent`, or alone.
  void value(const Json& json, std::size_t indent) {
    if (json.is_object() && !json.empty()) {
      object(json, indent);
    } else if (json.is_array() && !json.empty()) {
      array(json, indent);
    } else {
      scalar(json, indent);
    }
  }

 private:
  void start_line(std::size_t indent) {
    if (!text.empty() && text.back() == '\n') text.append(indent, ' ');
  }

  void object(const Json& json, std::size_t indent) {
    for (const auto& [name, member] : json.items()) {
      start_line(indent);
      text += inline_string(name);
      text += ':';
      const bool block = member.is_structured() && !member.empty();
      text += block ? '\n' : ' ';
      // Lists stand at their member's own indentation.
      value(member, member.is_array() ? indent : indent + 2);
    }
  }

  void array(const Json& json, std::size_t indent) {
    for (const Json& element : json) {
      start_line(indent);
      text += "- ";
      value(element, indent + 2);
    }
  }

  void scalar(const Json& json, std::size_t indent) {
    if (!json.is_string()) {
      text += json.dump();
    } else if (const auto& string = json.get_ref<const std::string&>(); may_be_literal(string)) {
      literal(string, indent);
      return;
    } else {
      text += inline_string(string);
    }
    text += '\n';
  }

  void literal(std::string_view string, std::size_t indent) {
    text += '|';
    if (string.front() == ' ' || string.front() == '\n') text += '2';
    if (string.back() != '\n') {
      text += '-';
    } else if (string.size() == 1 || string.ends_with("\n\n")) {
      text += '+';
    }
    text += '\n';
    const std::size_t depth = std::max<std::size_t>(indent, 2);
    for (std::size_t start = 0; start < string.size();) {
      const std::size_t end = std::min(string.find('\n', start), string.size());
      if (end > start) text.append(depth, ' ').append(string.substr(start, end - start));
      text += '\n';
      start = end + 1;
    }
  }
};

}  // namespace

std::string to_yaml(const Json& value) {
  Writer writer;
  // At the top there is no "name:" to be behind: a first line has no indentation.
  writer.value(value, 0);
  return std::move(writer.text);
}

}  // namespace skiff
