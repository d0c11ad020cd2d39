#include "api/managed_fields/scale.h"

#include "api/base/check.h"
#include "server/registry/impl.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

api::Result<std::int64_t> wanted_replicas(const Json& scale, const std::string& name) {
  if (!scale.is_object() || string_at(scale, {"kind"}, "Scale") != "Scale" ||
      string_at(scale, {"apiVersion"}, api::managed_fields::kScaleVersion) != api::managed_fields::kScaleVersion) {
    return api::bad_request("expected input object type to be Scale, but " + string_at(scale, {"kind"}) + " in " +
                            string_at(scale, {"apiVersion"}) + " was sent");
  }
  const Json* replicas = find(scale, {"spec", "replicas"});
  if (replicas == nullptr || replicas->is_null()) return 0;
  if (!replicas->is_number_integer()) {
    return api::bad_request(
        "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal " +
        std::string(replicas->is_number() ? "number " + to_json_text(*replicas) : replicas->type_name()) +
        " into Go struct field ScaleSpec.spec.replicas of type int32");
  }
  const std::int64_t wanted = replicas->get<std::int64_t>();
  if (wanted >= 0) return wanted;
  api::FieldErrors errors;
  errors.invalid("spec.replicas", *replicas, "must be greater than or equal to 0");
  return api::invalid("autoscaling", "Scale", name, errors);
}

}  // namespace

const api::schema::Struct& Registry::Impl::scale_type() const {
  const api::schema::Struct* type = catalog.find_kind("autoscaling", "v1", "Scale");
  CHECK_INVARIANT(type != nullptr);
  return *type;
}

Json Registry::Impl::scale_document(const Kind& kind, const Json& object) {
  CHECK_INVARIANT(kind.scale.has_value());
  Json metadata = Json::object();
  for (const char* name : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const Json* value = find(object, {"metadata", name})) metadata[name] = *value;
  }
  Json spec = Json::object();
  if (const std::int64_t replicas = integer_at(object, {"spec", "replicas"}); replicas != 0)
    spec["replicas"] = replicas;
  Json status{{"replicas", integer_at(object, {"status", "replicas"})}};
  if (std::string selector = kind.scale->selector(object); !selector.empty()) status["selector"] = std::move(selector);
  return Json{{"apiVersion", api::managed_fields::kScaleVersion},
              {"kind", "Scale"},
              {"metadata", std::move(metadata)},
              {"spec", std::move(spec)},
              {"status", std::move(status)}};
}

Json Registry::scale_of(const ServedKind& kind, const store::Record& record) const {
  const auto document = to_document(record);
  CHECK_INVARIANT(document.has_value() && "records are only shown after a verb has returned them");
  return Impl::scale_document(*kind.kind, *document);
}

api::Result<Json> Registry::Impl::with_scale(const Json& current, const Json& scale) {
  const std::string name = string_at(current, {"metadata", "name"});
  const auto replicas = wanted_replicas(scale, name);
  if (!replicas) return replicas.error();
  if (const std::string own = string_at(scale, {"metadata", "name"}); own != name) {
    return api::bad_request("the name of the object (" + own + ") does not match the name on the URL (" + name + ")");
  }
  Json object = current;
  Json& metadata = metadata_of(object);
  // What the Scale says about the object it was made from becomes the precondition.
  metadata["resourceVersion"] = string_at(scale, {"metadata", "resourceVersion"});
  metadata["uid"] = string_at(scale, {"metadata", "uid"});
  object["spec"]["replicas"] = *replicas;
  return {boost::system::in_place_value, std::move(object)};
}

}  // namespace skiff::server
