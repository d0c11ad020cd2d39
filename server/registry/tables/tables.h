#pragma once

#include "server/registry/kind.h"

// How the built-in kinds look in `kubectl get`: upstream's columns and cells, our own short descriptions.
namespace skiff::server {

[[nodiscard]] TableSpec namespace_table();
[[nodiscard]] TableSpec node_table();
[[nodiscard]] TableSpec pod_table();
[[nodiscard]] TableSpec config_map_table();
[[nodiscard]] TableSpec secret_table();
[[nodiscard]] TableSpec service_account_table();
[[nodiscard]] TableSpec event_table();
[[nodiscard]] TableSpec lease_table();
[[nodiscard]] TableSpec deployment_table();
[[nodiscard]] TableSpec replica_set_table();
[[nodiscard]] TableSpec replication_controller_table();
[[nodiscard]] TableSpec daemon_set_table();
[[nodiscard]] TableSpec controller_revision_table();
[[nodiscard]] TableSpec job_table();
[[nodiscard]] TableSpec stateful_set_table();
[[nodiscard]] TableSpec cron_job_table();
[[nodiscard]] TableSpec ingress_table();
[[nodiscard]] TableSpec ingress_class_table();
[[nodiscard]] TableSpec network_policy_table();
[[nodiscard]] TableSpec persistent_volume_table();
[[nodiscard]] TableSpec persistent_volume_claim_table();
[[nodiscard]] TableSpec storage_class_table();
[[nodiscard]] TableSpec service_table();
[[nodiscard]] TableSpec endpoints_table();
[[nodiscard]] TableSpec endpoint_slice_table();
[[nodiscard]] TableSpec pod_disruption_budget_table();
[[nodiscard]] TableSpec limit_range_table();
[[nodiscard]] TableSpec priority_class_table();
[[nodiscard]] TableSpec resource_quota_table();

}  // namespace skiff::server
