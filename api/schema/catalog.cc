#include "api/base/check.h"
#include "api/schema/parser.h"
#include "api/schema/schema.h"
#include "api/schemas/schemas.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace skiff::api::schema {
namespace {

class ParsedCatalog final : public Catalog {
 public:
  explicit ParsedCatalog(Parser parser) : structs_(std::move(parser.structs)), types_(std::move(parser.types)) {
    for (const Struct& structure : structs_) {
      by_name_.emplace(structure.full_name, &structure);
      if (structure.is_kind()) kinds_.emplace(Kind{structure.group, structure.version, structure.name}, &structure);
    }
  }

  const Struct* find(std::string_view full_name) const override {
    const auto found = by_name_.find(full_name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  const Struct* find_kind(std::string_view group, std::string_view version, std::string_view kind) const override {
    const auto found = kinds_.find(Kind{group, version, kind});
    return found == kinds_.end() ? nullptr : found->second;
  }

  std::vector<const Struct*> all() const override {
    std::vector<const Struct*> result;
    result.reserve(by_name_.size());
    for (const auto& [name, structure] : by_name_) result.push_back(structure);
    return result;
  }

 private:
  using Kind = std::tuple<std::string_view, std::string_view, std::string_view>;

  std::deque<Struct> structs_;
  std::deque<Type> types_;  // what the structs' lists and maps point to
  std::map<std::string_view, const Struct*> by_name_;
  std::map<Kind, const Struct*> kinds_;
};

}  // namespace

const Field* Struct::find(std::string_view field_name) const {
  const auto found = std::lower_bound(fields.begin(), fields.end(), field_name,
                                      [](const Field& field, std::string_view name) { return field.name < name; });
  return found != fields.end() && found->name == field_name ? &*found : nullptr;
}

skiff::Result<std::unique_ptr<const Catalog>> Catalog::parse(std::span<const Source> sources) {
  Parser parser;
  for (const Source& source : sources) {
    if (!parser.add(source.file_name, source.text)) return Error{ErrorCode::kInvalid, parser.error()};
  }
  if (!parser.link()) return Error{ErrorCode::kInvalid, parser.error()};
  return std::unique_ptr<const Catalog>(std::make_unique<ParsedCatalog>(std::move(parser)));
}

std::unique_ptr<const Catalog> Catalog::builtin() {
  skiff::Result<std::unique_ptr<const Catalog>> catalog = parse(schemas::texts());
  CHECK_INVARIANT(catalog.has_value());
  return std::move(*catalog);
}

}  // namespace skiff::api::schema
