#pragma once

#include "api/schema/schema.h"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api::schema {

// Reads schema texts into types: add() each text, then link() once. Start-up waits for this, so names stay views into
// the texts until link() has replaced them by pointers. A failed step leaves "file:line: what" in error() and ends the
// parse. For Catalog only.
class Parser {
 public:
  [[nodiscard]] bool add(std::string_view file_name, std::string_view text);
  // Resolves the names of types and fills in `as` declarations.
  [[nodiscard]] bool link();
  [[nodiscard]] const std::string& error() const { return error_; }

  // After link(): all structs, and the list, map and scalar types that they point to. Addresses are stable.
  std::deque<Struct> structs;
  std::deque<Type> types;

 private:
  struct Package {
    std::map<std::string_view, Struct*> structs;
  };
  struct File {
    std::string_view name;
    Package* package = nullptr;
    std::string_view package_name;
    std::vector<std::string_view> imports;
  };
  struct Position {
    std::size_t file = 0;
    int line = 0;
  };
  // A field's innermost type is a name until link().
  struct OpenField {
    Struct* owner;
    std::size_t field;
    Type* element;  // the innermost type, one of `types`; null when it is the field's own
    std::string_view type_name;
    Position position;
    bool needs_zero_default;
  };
  struct OpenAlias {
    Struct* structure;
    std::string_view source;
    Position position;
  };

  class Line;

  bool fail(const Position& position, std::string_view what, std::string_view subject = "");
  bool parse_line(std::string_view text);
  bool parse_package(Line& line);
  bool parse_declaration(Line& line, bool is_kind);
  bool parse_field(Line& line);
  bool parse_attributes(Line& line, Field& field, bool& always);
  bool parse_attribute(std::string_view name, std::string_view argument, Field& field, bool& always);
  bool add_field(Struct& owner, Field field);
  bool resolve(const OpenField& open);
  const Struct* find_struct(const File& file, std::string_view name);
  bool check_keys(const OpenField& open, const Field& field);
  bool copy_fields(const OpenAlias& alias);

  std::map<std::string_view, Package> packages_;
  std::vector<File> files_;
  std::vector<OpenField> open_fields_;
  std::vector<OpenAlias> open_aliases_;
  Position position_;
  Struct* current_ = nullptr;  // the declaration that fields belong to
  std::string error_;
};

}  // namespace skiff::api::schema
