#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

class ServiceAccountStrategy final : public Strategy {
 public:
  // A reference to a Secret is its name; it is always in the same namespace.
  void apply_defaults(Json& object) const override {
    const auto secrets = object.find("secrets");
    if (secrets == object.end()) return;
    for (Json& secret : *secrets) secret = Json{{"name", string_at(secret, {"name"})}};
  }
};

}  // namespace

Kind service_account_kind(const api::schema::Catalog& catalog) {
  Kind kind =
      plain_kind(served_version(catalog, "", "v1", "ServiceAccount"), "serviceaccounts", service_account_table());
  kind.short_names = {"sa"};
  kind.subresources = {{"token", "authentication.k8s.io", "v1", "TokenRequest", {"create"}}};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<ServiceAccountStrategy>();
  return kind;
}

}  // namespace skiff::server
