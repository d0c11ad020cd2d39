#include "server/registry/pod_rules.h"

#include "api/field_error.h"
#include "api/schema/decode.h"
#include "api/schema/validate.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

PodRules::PodRules() : catalog_(api::schema::Catalog::builtin()), kind_(pod_kind(*catalog_)) {}

Result<Json> PodRules::decode(Json document) const {
  if (!document.is_object()) return Error{ErrorCode::kInvalid, "couldn't get version/kind: it is no object"};
  const std::string version = string_at(document, {"apiVersion"});
  const std::string kind = string_at(document, {"kind"});
  if (kind.empty()) return Error{ErrorCode::kInvalid, "Object 'Kind' is missing in '" + to_json_text(document) + "'"};
  if (version != "v1" || kind != "Pod") {
    return Error{ErrorCode::kInvalid, "it is a " + kind + " of version \"" + version + "\", not a Pod of \"v1\""};
  }
  const api::schema::Struct& type = *kind_.storage_version().type;
  auto decoded = api::schema::decode(type, std::move(document));
  if (!decoded) return Error{ErrorCode::kInvalid, decoded.error().message};
  Json pod = std::move(decoded->object);
  api::schema::apply_defaults(type, pod);
  kind_.strategy->apply_defaults(pod);
  return {boost::system::in_place_value, std::move(pod)};
}

Result<void> PodRules::validate(const Json& pod) const {
  api::FieldErrors errors;
  validate_metadata(kind_, pod, errors);
  api::schema::validate(*kind_.storage_version().type, pod, "", errors);
  kind_.strategy->validate(pod, errors);
  kind_.strategy->validate_create(pod, errors);
  if (errors.empty()) return {};
  std::string list;
  for (const api::FieldError& error : errors.all()) {
    if (!list.empty()) list += ", ";
    list += error.message();
  }
  return Error{ErrorCode::kInvalid, "[" + list + "]"};
}

}  // namespace skiff::server
