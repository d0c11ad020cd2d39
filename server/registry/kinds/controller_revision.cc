#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/workload.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class ControllerRevisionStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    if (!object.contains("data")) errors.required("data", "data is mandatory");
  }

  void validate_update(const Json& object, const Json& old_object, api::FieldErrors& errors) const override {
    const Json data = object.value("data", Json());
    if (data != old_object.value("data", Json())) errors.invalid("data", data, "field is immutable");
  }
};

}  // namespace

Kind controller_revision_kind(const api::schema::Catalog& catalog) {
  Kind kind = apps_kind(catalog, "ControllerRevision");
  kind.strategy = std::make_shared<ControllerRevisionStrategy>();
  kind.table = controller_revision_table();
  return kind;
}

}  // namespace skiff::server
