#include "test/fuzz/support.h"

#include "api/base/check.h"
#include "api/schema/decode.h"
#include "api/schema/validate.h"
#include "server/registry/object_meta.h"

namespace skiff::fuzz {

const api::schema::Catalog& catalog() {
  static const std::unique_ptr<const api::schema::Catalog> builtin = api::schema::Catalog::builtin();
  return *builtin;
}

const server::KindTable& kinds() {
  static const server::KindTable table{server::builtin_kinds(catalog())};
  return table;
}

std::optional<Json> json_of(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) return std::nullopt;
  return std::move(parsed->value);
}

std::optional<std::pair<Json, Json>> two_documents(std::string_view input) {
  const std::size_t end = input.find('\n');
  if (end == input.npos) return std::nullopt;
  std::optional<Json> first = json_of(input.substr(0, end));
  std::optional<Json> second = json_of(input.substr(end + 1));
  if (!first || !second) return std::nullopt;
  return std::pair(std::move(*first), std::move(*second));
}

void take_document(const server::ServedKind& kind, Json document) {
  if (!document.is_object()) return;
  document["apiVersion"] = kind.version->api_version();
  document["kind"] = kind.kind->kind;
  auto decoded = api::schema::decode(*kind.version->type, std::move(document));
  if (!decoded) return;
  // What has been decoded is in its final form.
  const auto again = api::schema::decode(*kind.version->type, decoded->object);
  CHECK_INVARIANT(again && again->object == decoded->object && again->unknown_fields.empty());

  const api::schema::Struct& type = *kind.kind->storage_version().type;
  const server::Strategy& strategy = *kind.kind->strategy;
  Json object = std::move(decoded->object);
  api::schema::apply_defaults(*kind.version->type, object);
  if (kind.version->to_storage) kind.version->to_storage(object);
  strategy.apply_defaults(object);
  server::fill_system_fields(object, TimePoint{});
  strategy.prepare_for_create(object, TimePoint{});

  api::FieldErrors errors;
  server::validate_metadata(*kind.kind, object, errors);
  api::schema::validate(type, object, "", errors);
  strategy.validate(object, errors);
  strategy.validate_create(object, errors);
  static_cast<void>(api::invalid(kind.kind->group(), kind.kind->kind, "x", errors));
  if (!errors.empty()) return;

  // What may be made may be updated with itself.
  const Json old_object = object;
  strategy.prepare_for_update(object, old_object, TimePoint{});
  server::carry_system_fields(object, old_object);
  server::validate_metadata_update(object, old_object, errors);
  api::schema::validate_immutable(type, object, old_object, "", errors);
  strategy.validate_update(object, old_object, errors);
  CHECK_INVARIANT(errors.empty());
  if (kind.version->from_storage) kind.version->from_storage(object);
}

}  // namespace skiff::fuzz
