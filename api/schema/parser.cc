#include "api/schema/parser.h"

#include "api/schema/scalars.h"
#include "api/schema/validate.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace skiff::api::schema {
namespace {

struct ScalarName {
  std::string_view name;
  TypeKind kind;
};

constexpr std::array<ScalarName, 13> kScalars = {{
    {"string", TypeKind::kString},
    {"bool", TypeKind::kBool},
    {"int32", TypeKind::kInt32},
    {"int64", TypeKind::kInt64},
    {"double", TypeKind::kDouble},
    {"bytes", TypeKind::kBytes},
    {"time", TypeKind::kTime},
    {"microtime", TypeKind::kMicroTime},
    {"duration", TypeKind::kDuration},
    {"quantity", TypeKind::kQuantity},
    {"intorstring", TypeKind::kIntOrString},
    {"any", TypeKind::kAny},
    {"object", TypeKind::kObject},
}};

std::optional<TypeKind> scalar_kind(std::string_view name) {
  for (const ScalarName& scalar : kScalars) {
    if (scalar.name == name) return scalar.kind;
  }
  return std::nullopt;
}

template <class Number>
bool read_number(std::string_view text, std::optional<Number>& number) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  number = value;
  return error == std::errc() && end == text.data() + text.size();
}

// "3", or "2.3" for number 3 of the inlined message 2.
bool read_protobuf_number(std::string_view text, Field& field) {
  std::optional<std::uint32_t> inlined_number = 0;
  std::optional<std::uint32_t> number;
  if (const std::size_t dot = text.find('.'); dot != text.npos) {
    if (!read_number(text.substr(0, dot), inlined_number) || inlined_number == 0) return false;
    text.remove_prefix(dot + 1);
  }
  if (!read_number(text, number) || number == 0) return false;
  field.protobuf_number = *number;
  field.protobuf_inlined_number = *inlined_number;
  return true;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == text.npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '/' || c == '$';
}

}  // namespace

// Reads one line from left to right.
class Parser::Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  // True at the end of the line or at a comment.
  bool done() {
    skip_spaces();
    return rest_.empty() || rest_[0] == '#';
  }
  bool take(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  // Empty when the next thing is not a word.
  std::string_view word() {
    skip_spaces();
    return take_first(static_cast<std::size_t>(std::find_if_not(rest_.begin(), rest_.end(), is_word) - rest_.begin()));
  }
  // What stands in the parentheses that come directly, or nothing.
  std::optional<std::string_view> argument() {
    if (!rest_.starts_with('(')) return std::nullopt;
    const std::size_t close = rest_.find(')');
    if (close == rest_.npos) return std::nullopt;
    const std::string_view inside = rest_.substr(1, close - 1);
    rest_.remove_prefix(close + 1);
    return inside;
  }
  // A JSON value: anything up to the next space outside of strings and brackets.
  std::optional<Json> json() {
    skip_spaces();
    bool in_string = false;
    int depth = 0;
    std::size_t at = 0;
    for (; at < rest_.size() && (in_string || depth > 0 || rest_[at] != ' '); ++at) {
      const char c = rest_[at];
      if (c == '\\') ++at;
      if (c == '"') in_string = !in_string;
      if (!in_string && (c == '{' || c == '[')) ++depth;
      if (!in_string && (c == '}' || c == ']')) --depth;
    }
    const std::string_view text = take_first(std::min(at, rest_.size()));
    if (text == "{}") return Json::object();  // by far the most
    skiff::Result<ParsedJson> parsed = parse_json(text);
    if (!parsed) return std::nullopt;
    return std::move(parsed->value);
  }
  // A text in double quotes, with `\"` and `\\`.
  std::optional<std::string> quoted() {
    if (!take("\"")) return std::nullopt;
    std::string text;
    for (;;) {
      const std::size_t at = rest_.find_first_of("\"\\");
      if (at == rest_.npos || (rest_[at] == '\\' && at + 1 == rest_.size())) return std::nullopt;
      text += rest_.substr(0, at);
      const bool end = rest_[at] == '"';
      if (!end) text += rest_[at + 1];
      rest_.remove_prefix(at + (end ? 1 : 2));
      if (end) return text;
    }
  }
  bool at_quote() {
    skip_spaces();
    return rest_.starts_with('"');
  }
  std::string_view rest() const { return rest_; }

 private:
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size())); }
  std::string_view take_first(std::size_t count) {
    const std::string_view first = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return first;
  }

  std::string_view rest_;
};

bool Parser::fail(const Position& position, std::string_view what, std::string_view subject) {
  error_.assign(files_[position.file].name).append(":").append(std::to_string(position.line)).append(": ").append(what);
  if (!subject.empty()) error_.append(" \"").append(subject).append("\"");
  return false;
}

bool Parser::add(std::string_view file_name, std::string_view text) {
  files_.push_back({file_name, nullptr, {}, {}});
  position_ = {files_.size() - 1, 0};
  current_ = nullptr;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++position_.line;
    if (!parse_line(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

bool Parser::parse_line(std::string_view text) {
  Line line(text);
  if (line.done()) return true;
  if (text.starts_with("  ")) return parse_field(line);
  if (text.starts_with(' ') || text.find('\t') != text.npos) {
    return fail(position_, "fields are indented by two spaces, declarations not at all");
  }
  const std::string_view keyword = line.word();
  if (keyword == "package") return parse_package(line);
  if (files_.back().package == nullptr) return fail(position_, "the first declaration must be a package");
  if (keyword == "import") {
    files_.back().imports.push_back(line.word());
    return line.done() || fail(position_, "unexpected text behind the import:", line.rest());
  }
  if (keyword == "type" || keyword == "kind") return parse_declaration(line, keyword == "kind");
  return fail(position_, "expected package, import, type or kind, found", text);
}

bool Parser::parse_package(Line& line) {
  File& file = files_.back();
  if (file.package != nullptr) return fail(position_, "a file has one package");
  file.package_name = line.word();
  if (file.package_name.empty() || !line.done()) return fail(position_, "expected the name of a package");
  file.package = &packages_[file.package_name];
  return true;
}

bool Parser::parse_declaration(Line& line, bool is_kind) {
  File& file = files_.back();
  const std::string_view name = line.word();
  if (name.empty()) return fail(position_, "expected the name of a type");
  Struct& structure = structs.emplace_back();
  if (!file.package->structs.emplace(name, &structure).second) return fail(position_, "declared twice:", name);
  structure.name = name;
  structure.full_name.append(file.package_name).append(".").append(name);
  if (is_kind) {
    const std::string_view api_version = line.word();
    if (api_version.empty()) return fail(position_, "expected the apiVersion of the kind", name);
    const std::size_t slash = api_version.find('/');
    if (slash != api_version.npos) structure.group = api_version.substr(0, slash);
    structure.version = slash == api_version.npos ? api_version : api_version.substr(slash + 1);
  }
  current_ = &structure;
  for (std::string_view word = line.word(); !word.empty(); word = line.word()) {
    if (word == "atomic") {
      structure.atomic = true;
    } else if (word == "as") {
      open_aliases_.push_back({&structure, line.word(), position_});
      current_ = nullptr;
    } else {
      return fail(position_, "expected a description in quotes, found", word);
    }
  }
  std::optional<std::string> description = line.quoted();
  if (!description || !line.done()) return fail(position_, "expected a description in quotes at the end of the line");
  structure.description = std::move(*description);
  if (!is_kind || current_ == nullptr) return true;
  Field api_version;
  api_version.name = "apiVersion";
  api_version.description = "Group and version of the object's schema, such as apps/v1.";
  api_version.type.kind = TypeKind::kString;
  Field kind = api_version;
  kind.name = "kind";
  kind.description = "Kind of the object, such as Pod.";
  return add_field(structure, std::move(api_version)) && add_field(structure, std::move(kind));
}

bool Parser::add_field(Struct& owner, Field field) {
  for (const Field& other : owner.fields) {
    if (other.name == field.name) return fail(position_, "declared twice:", field.name);
  }
  if (owner.fields.empty()) owner.fields.reserve(8);
  field.position = owner.fields.size();
  owner.fields.push_back(std::move(field));
  return true;
}

bool Parser::parse_field(Line& line) {
  if (current_ == nullptr) return fail(position_, "a field outside of a type");
  Field field;
  field.name = line.word();
  // From the outside in: lists and maps, then the name of what they hold.
  Type* type = &field.type;
  Type* element = nullptr;
  for (;;) {
    const bool list = line.take("[]");
    if (!list && !line.take("{}")) break;
    element = &types.emplace_back();
    type->kind = list ? TypeKind::kList : TypeKind::kMap;
    type->element = element;
    type = element;
  }
  const std::string_view type_name = line.word();
  if (field.name.empty() || type_name.empty()) return fail(position_, "expected a field's name and type");
  bool always = false;
  if (!parse_attributes(line, field, always)) return false;
  if (std::optional<TypeKind> kind = scalar_kind(type_name)) type->kind = *kind;
  if (!field.format.empty() && !is_known_format(field.format)) return fail(position_, "unknown format", field.format);
  if (!add_field(*current_, std::move(field))) return false;
  open_fields_.push_back({current_, current_->fields.size() - 1, element, type_name, position_, always});
  return true;
}

bool Parser::parse_attributes(Line& line, Field& field, bool& always) {
  while (!line.at_quote()) {
    if (line.take("!")) {
      field.required = true;
    } else if (line.take("=")) {
      field.default_value = line.json();
      if (!field.default_value) return fail(position_, "the default is not JSON");
    } else if (line.take("@")) {
      const std::string_view number = line.word();
      if (!read_protobuf_number(number, field))
        return fail(position_, "not a number of a protocol buffer field:", number);
    } else {
      const std::string_view name = line.word();
      if (name.empty()) return fail(position_, "expected an attribute or a description in quotes, found", line.rest());
      const std::string_view argument = line.argument().value_or("");
      if (!parse_attribute(name, argument, field, always)) return fail(position_, "not an attribute:", name);
    }
  }
  std::optional<std::string> description = line.quoted();
  if (!description || !line.done()) return fail(position_, "expected the description, in quotes, at the end");
  field.description = std::move(*description);
  return true;
}

bool Parser::parse_attribute(std::string_view name, std::string_view argument, Field& field, bool& always) {
  if (name == "omitzero") return field.omit_zero = true;
  if (name == "keep") return field.keep_empty = true;
  if (name == "always") return field.always_present = field.keep_empty = always = true;
  if (name == "unique") return field.unique = true;
  if (name == "immutable") return field.immutable = true;
  if (name == "atomic") return field.atomic = true;
  if (name == "retainKeys") return field.patch_retain_keys = true;
  if (name == "replace") return field.patch_replace = true;
  if (name == "min") return read_number(argument, field.minimum);
  if (name == "max") return read_number(argument, field.maximum);
  if (name == "minlen") return read_number(argument, field.min_length);
  if (name == "maxlen") return read_number(argument, field.max_length);
  if (name == "format") {
    field.format = argument;
  } else if (name == "enum") {
    field.enum_values = split(argument, '|');
  } else if (name == "set") {
    field.list_type = ListType::kSet;
  } else if (name == "map") {
    field.list_type = ListType::kMap;
    field.list_map_keys = split(argument, ',');
  } else if (name == "merge") {
    field.patch_merge = true;
    field.patch_merge_key = argument;
  } else {
    return false;
  }
  return true;
}

bool Parser::link() {
  for (const OpenField& open : open_fields_) {
    if (!resolve(open)) return false;
  }
  // Keys name fields of other types, which are complete only now.
  for (const OpenField& open : open_fields_) {
    if (!check_keys(open, open.owner->fields[open.field])) return false;
  }
  for (const OpenAlias& alias : open_aliases_) {
    if (!copy_fields(alias)) return false;
  }
  for (Struct& structure : structs) {
    std::sort(structure.fields.begin(), structure.fields.end(),
              [](const Field& a, const Field& b) { return a.name < b.name; });
  }
  return true;
}

const Struct* Parser::find_struct(const File& file, std::string_view name) {
  if (const auto found = file.package->structs.find(name); found != file.package->structs.end()) return found->second;
  for (std::string_view import : file.imports) {
    const auto package = packages_.find(import);
    if (package == packages_.end()) continue;
    if (const auto found = package->second.structs.find(name); found != package->second.structs.end()) {
      return found->second;
    }
  }
  return nullptr;
}

bool Parser::resolve(const OpenField& open) {
  Field& field = open.owner->fields[open.field];
  Type* type = open.element == nullptr ? &field.type : open.element;
  if (!scalar_kind(open.type_name)) {
    type->structure = find_struct(files_[open.position.file], open.type_name);
    if (type->structure == nullptr) return fail(open.position, "unknown type", open.type_name);
    type->kind = TypeKind::kStruct;
  }
  if (open.needs_zero_default && !field.default_value) field.default_value = internal::zero_value(field.type.kind);
  return true;
}

bool Parser::check_keys(const OpenField& open, const Field& field) {
  const Struct* element = field.type.kind == TypeKind::kList ? field.type.element->structure : nullptr;
  std::vector<std::string> keys = field.list_map_keys;
  if (!field.patch_merge_key.empty()) keys.push_back(field.patch_merge_key);
  for (const std::string& key : keys) {
    const bool known = element != nullptr && std::any_of(element->fields.begin(), element->fields.end(),
                                                         [&](const Field& f) { return f.name == key; });
    if (!known) return fail(open.position, "not a field of the list's elements:", key);
  }
  return true;
}

bool Parser::copy_fields(const OpenAlias& alias) {
  const std::size_t dot = alias.source.rfind('.');
  const auto package = packages_.find(alias.source.substr(0, dot));
  if (dot != alias.source.npos && package != packages_.end()) {
    const auto found = package->second.structs.find(alias.source.substr(dot + 1));
    if (found != package->second.structs.end()) {
      alias.structure->fields = found->second->fields;
      return true;
    }
  }
  return fail(alias.position, "unknown type", alias.source);
}

}  // namespace skiff::api::schema
