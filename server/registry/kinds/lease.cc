#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class LeaseStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json* seconds = find(object, {"spec", "leaseDurationSeconds"});
    if (seconds != nullptr && *seconds <= 0) {
      errors.invalid("spec.leaseDurationSeconds", *seconds, "must be greater than 0");
    }
  }

  [[nodiscard]] bool allow_create_on_update() const override { return true; }
  [[nodiscard]] bool allow_unconditional_update() const override { return false; }
};

}  // namespace

Kind lease_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Lease";
  kind.plural = "leases";
  kind.singular = "lease";
  kind.versions = {served_version(catalog, "coordination.k8s.io", "v1", "Lease")};
  kind.strategy = std::make_shared<LeaseStrategy>();
  kind.table = lease_table();
  return kind;
}

}  // namespace skiff::server
