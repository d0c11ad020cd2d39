#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class LeaseStrategy final : public Strategy {
 public:
  // Coordinated leader election is off in v1.32.
  void apply_defaults(Json& object) const override {
    for (const char* name : {"strategy", "preferredHolder"}) object["spec"].erase(name);
  }

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
  Kind kind = plain_kind(served_version(catalog, "coordination.k8s.io", "v1", "Lease"), "leases", lease_table());
  kind.strategy = std::make_shared<LeaseStrategy>();
  return kind;
}

}  // namespace skiff::server
