#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

Kind service_account_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "ServiceAccount";
  kind.plural = "serviceaccounts";
  kind.singular = "serviceaccount";
  kind.short_names = {"sa"};
  kind.versions = {served_version(catalog, "", "v1", "ServiceAccount")};
  kind.subresources = {{"token", "authentication.k8s.io", "v1", "TokenRequest", {"create"}}};
  kind.returns_deleted_object = true;
  kind.strategy = std::make_shared<Strategy>();
  kind.table = service_account_table();
  return kind;
}

}  // namespace skiff::server
