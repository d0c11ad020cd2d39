#include "server/registry/kinds/kinds.h"

#include "api/base/check.h"
#include "api/base/text.h"

namespace skiff::server {

std::vector<Kind> builtin_kinds(const api::schema::Catalog& catalog, const KindOptions& options) {
  return {namespace_kind(catalog),
          node_kind(catalog),
          pod_kind(catalog),
          config_map_kind(catalog),
          secret_kind(catalog),
          service_account_kind(catalog),
          event_kind(catalog),
          lease_kind(catalog),
          deployment_kind(catalog),
          replica_set_kind(catalog),
          replication_controller_kind(catalog),
          daemon_set_kind(catalog),
          controller_revision_kind(catalog),
          job_kind(catalog),
          stateful_set_kind(catalog),
          cron_job_kind(catalog),
          ingress_kind(catalog),
          ingress_class_kind(catalog),
          network_policy_kind(catalog),
          persistent_volume_kind(catalog),
          persistent_volume_claim_kind(catalog),
          storage_class_kind(catalog),
          service_kind(catalog, options),
          endpoints_kind(catalog),
          endpoint_slice_kind(catalog),
          pod_disruption_budget_kind(catalog),
          priority_class_kind(catalog),
          limit_range_kind(catalog),
          resource_quota_kind(catalog)};
}

ServedVersion served_version(const api::schema::Catalog& catalog, std::string_view group, std::string_view version,
                             std::string_view kind) {
  ServedVersion served;
  served.group = group;
  served.version = version;
  served.type = catalog.find_kind(group, version, kind);
  CHECK_INVARIANT(served.type != nullptr && "every built-in kind has its schema in api/schemas");
  return served;
}

Kind plain_kind(ServedVersion version, std::string plural, TableSpec table) {
  Kind kind;
  kind.kind = version.type->name;
  kind.plural = std::move(plural);
  kind.singular = lower_case(kind.kind);
  kind.versions = {std::move(version)};
  kind.strategy = std::make_shared<Strategy>();
  kind.table = std::move(table);
  return kind;
}

}  // namespace skiff::server
