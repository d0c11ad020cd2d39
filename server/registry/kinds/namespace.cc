#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/object_meta.h"
#include "server/registry/tables/tables.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr const char* kFinalizer = "kubernetes";
constexpr const char* kNameLabel = "kubernetes.io/metadata.name";

// A namespace is deleted in two steps: the first marks it Terminating; the namespace controller then empties it and
// takes the finalizer away through the subresource "finalize", with which the namespace goes.
class NamespaceStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    if (const std::string name = api::name_of(object); !name.empty()) object["metadata"]["labels"][kNameLabel] = name;
  }

  void prepare_for_create(Json& object, TimePoint) const override {
    object["metadata"]["labels"][kNameLabel] = api::name_of(object);
    object["status"] = Json{{"phase", "Active"}};
    Json& finalizers = object["spec"]["finalizers"];
    if (!finalizers.is_array()) finalizers = Json::array();
    if (std::find(finalizers.begin(), finalizers.end(), kFinalizer) == finalizers.end()) {
      finalizers.push_back(kFinalizer);
    }
  }

  void prepare_for_update(Json& object, const Json& old_object, TimePoint now) const override {
    Strategy::prepare_for_update(object, old_object, now);
    object["metadata"]["labels"][kNameLabel] = api::name_of(old_object);
    object["spec"]["finalizers"] = old_object.at("spec").value("finalizers", Json::array());
    if (object["spec"]["finalizers"].empty()) object["spec"].erase("finalizers");
  }

  void prepare_for_subresource_update(std::string_view, Json& object, const Json& old_object) const override {
    object["status"] = old_object.value("status", Json::object());
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    for (const Json& finalizer : elements_of(object.at("spec"), "finalizers")) {
      const std::string name = finalizer.get<std::string>();
      api::schema::validate_format("qualified-name", name, "spec.finalizers", errors);
      validate_standard_finalizer(name, "spec.finalizers", errors);
    }
  }

  // Of the status, and of the finalizers that the subresource "finalize" leaves.
  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    for_each_element(object.at("spec"), "finalizers", "spec", [&](const Json& finalizer, const std::string& path) {
      api::schema::validate_format("qualified-name", finalizer.get<std::string>(), path, errors);
      validate_standard_finalizer(finalizer.get<std::string>(), path, errors);
    });
    const std::string phase = string_at(object, {"status", "phase"});
    if (!api::is_terminating(object) && phase != "Active") {
      errors.invalid("status.Phase", phase, "may only be 'Active' if `deletionTimestamp` is empty");
    } else if (api::is_terminating(object) && phase != "Terminating") {
      errors.invalid("status.Phase", phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
    }
  }

  [[nodiscard]] std::string_view name_format() const override { return "dns1123-label"; }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = {
        {"status.phase",
         [](const Json& object) {
           return string_at(object, {"status", "phase"});
         }},
        {"name", [](const Json& object) { return api::name_of(object); }}};
    return fields;
  }

  void mark_deleting(Json& object) const override { object["status"]["phase"] = "Terminating"; }

  [[nodiscard]] bool keeps_deleted(const Json& object) const override {
    const Json* finalizers = find(object, {"spec", "finalizers"});
    return finalizers != nullptr && !finalizers->empty();
  }
};

}  // namespace

Kind namespace_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Namespace";
  kind.plural = "namespaces";
  kind.singular = "namespace";
  kind.short_names = {"ns"};
  kind.namespaced = false;
  kind.has_status = true;
  kind.versions = {served_version(catalog, "", "v1", "Namespace")};
  kind.verbs = {"create", "delete", "get", "list", "patch", "update", "watch"};
  kind.subresources = {{"finalize", "", "", "", {"update"}}};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<NamespaceStrategy>();
  kind.table = namespace_table();
  return kind;
}

}  // namespace skiff::server
