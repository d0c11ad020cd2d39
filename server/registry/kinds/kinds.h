#pragma once

#include "server/registry/kind.h"

// One function per built-in kind; builtin_kinds() lists them all.
namespace skiff::server {

// On an Ingress: its class, from before spec.ingressClassName.
inline constexpr const char* kIngressClassAnnotation = "kubernetes.io/ingress.class";

[[nodiscard]] Kind namespace_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind node_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind pod_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind config_map_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind secret_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind service_account_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind event_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind lease_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind deployment_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind replica_set_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind replication_controller_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind daemon_set_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind controller_revision_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind job_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind stateful_set_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind cron_job_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind ingress_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind ingress_class_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind network_policy_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind persistent_volume_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind persistent_volume_claim_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind storage_class_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind service_kind(const api::schema::Catalog& catalog, const KindOptions& options);
[[nodiscard]] Kind endpoints_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind endpoint_slice_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind pod_disruption_budget_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind limit_range_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind priority_class_kind(const api::schema::Catalog& catalog);
[[nodiscard]] Kind resource_quota_kind(const api::schema::Catalog& catalog);

// A version of a kind with the shape of its schema, which must be in the catalog.
[[nodiscard]] ServedVersion served_version(const api::schema::Catalog& catalog, std::string_view group,
                                           std::string_view version, std::string_view kind);

// A kind that is served under one version: its names, and a strategy that changes nothing. Most kinds need a strategy
// of their own.
[[nodiscard]] Kind plain_kind(ServedVersion version, std::string plural, TableSpec table);

}  // namespace skiff::server
