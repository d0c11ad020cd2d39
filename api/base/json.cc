#include "api/base/json.h"

#include "api/base/json_syntax.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <optional>

namespace skiff {
namespace {

// Builds the document from the parser's events: nlohmann's own builder knows neither a depth limit nor duplicate
// members.
class DocumentBuilder {
 public:
  ParsedJson result;
  std::string error;
  bool is_syntax_error = false;  // and no limit of ours

  bool null() { return add(Json(nullptr)); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(Json::number_integer_t value) { return add(Json(value)); }
  bool number_unsigned(Json::number_unsigned_t value) {
    // One representation for what fits both, so that 1 equals 1 wherever it came from.
    if (value <= static_cast<Json::number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return add(Json(static_cast<std::int64_t>(value)));
    }
    return add(Json(value));
  }
  bool number_float(Json::number_float_t value, const std::string&) { return add(Json(value)); }
  bool string(std::string& value) { return add(Json(std::move(value))); }
  bool binary(Json::binary_t&) { return fail("binary values are not JSON"); }

  bool start_object(std::size_t) { return open(Json::object()); }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    Level& level = levels_.back();
    const auto [member, is_new] = level.container->emplace(std::move(name), nullptr);
    level.key = &member.key();
    level.member = &member.value();
    if (!is_new) result.duplicate_fields.push_back(path());
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception& exception) {
    if (!error.empty()) return false;
    is_syntax_error = true;
    // "[json.exception.parse_error.101] parse error at line 1, column 2: what": the part for people.
    const std::string_view text = exception.what();
    const auto bracket = text.find("] ");
    error = bracket == std::string_view::npos ? fmt::format("{} at byte {}", text, position)
                                              : std::string(text.substr(bracket + 2));
    return false;
  }

 private:
  struct Level {
    Json* container;
    // Of an object: the member that comes.
    const std::string* key = nullptr;
    Json* member = nullptr;
  };

  bool fail(std::string text) {
    error = std::move(text);
    return false;
  }

  // Puts the value where the parser stands and returns the place.
  Json* place(Json value) {
    if (levels_.empty()) {
      result.value = std::move(value);
      return &result.value;
    }
    Level& level = levels_.back();
    if (level.container->is_array()) {
      level.container->push_back(std::move(value));
      return &level.container->back();
    }
    *level.member = std::move(value);
    return level.member;
  }

  bool add(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json container) {
    if (levels_.size() >= kMaxJsonDepth) return fail(fmt::format("exceeded max depth of {}", kMaxJsonDepth));
    levels_.push_back(Level{place(std::move(container))});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  // Where the parser stands: "spec.containers[0].name".
  [[nodiscard]] std::string path() const {
    std::string text;
    for (const Level& level : levels_) {
      if (level.container->is_array()) {
        text += fmt::format("[{}]", level.container->size() - 1);
      } else {
        if (!text.empty()) text += '.';
        text += *level.key;
      }
    }
    return text;
  }

  std::vector<Level> levels_;
};

// ASCII that JSON does not escape.
bool stands_as_it_is(char character) {
  return character >= ' ' && character != '"' && character != '\\' && static_cast<unsigned char>(character) < 0x80;
}

// The bracket, instead of the comma behind the last element.
void close_with(std::string& text, char bracket) {
  if (text.back() == ',') text.pop_back();
  text += bracket;
}

}  // namespace

Result<ParsedJson> parse_json(std::string_view text) {
  DocumentBuilder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    // Upstream's words, where it finds anything wrong at all.
    std::string error = builder.is_syntax_error ? json_syntax_error(text) : "";
    if (error.empty()) error = builder.error.empty() ? "malformed JSON" : std::move(builder.error);
    return Error{ErrorCode::kInvalid, std::move(error)};
  }
  return std::move(builder.result);
}

std::string to_json_text(const Json& value) {
  std::string text;
  append_json_text(text, value);
  return text;
}

// Nearly all that is written are objects whose strings stand there as they are: a pod takes 5 us of CPU here, and 8 in
// dump() with its state machine for UTF-8.
void append_json_text(std::string& text, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      text += '{';
      for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
        append_json_string(text, name);
        text += ':';
        append_json_text(text, member);
        text += ',';
      }
      close_with(text, '}');
      return;
    case Json::value_t::array:
      text += '[';
      for (const Json& element : value.get_ref<const Json::array_t&>()) {
        append_json_text(text, element);
        text += ',';
      }
      close_with(text, ']');
      return;
    case Json::value_t::string:
      append_json_string(text, value.get_ref<const std::string&>());
      return;
    case Json::value_t::boolean:
      text += value.get<bool>() ? "true" : "false";
      return;
    case Json::value_t::number_integer: {
      const fmt::format_int digits(value.get<std::int64_t>());
      text.append(digits.data(), digits.size());
      return;
    }
    default:
      text += value.dump();
  }
}

void append_json_string(std::string& text, std::string_view string) {
  if (!std::all_of(string.begin(), string.end(), stands_as_it_is)) {
    text += Json(string).dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  text += '"';
  text += string;
  text += '"';
}

const Json* find(const Json& value, std::initializer_list<std::string_view> path) {
  const Json* place = &value;
  for (const std::string_view name : path) {
    if (!place->is_object()) return nullptr;
    const auto member = place->find(name);
    if (member == place->end()) return nullptr;
    place = &*member;
  }
  return place;
}

std::string string_at(const Json& value, std::initializer_list<std::string_view> path, std::string_view fallback) {
  const Json* place = find(value, path);
  if (place == nullptr || !place->is_string()) return std::string(fallback);
  return place->get<std::string>();
}

std::int64_t integer_at(const Json& value, std::initializer_list<std::string_view> path, std::int64_t fallback) {
  const Json* place = find(value, path);
  if (place == nullptr || !place->is_number_integer()) return fallback;
  return place->get<std::int64_t>();
}

bool bool_at(const Json& value, std::initializer_list<std::string_view> path, bool fallback) {
  const Json* place = find(value, path);
  if (place == nullptr || !place->is_boolean()) return fallback;
  return place->get<bool>();
}

}  // namespace skiff
