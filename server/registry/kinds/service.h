#pragma once

#include "api/base/json.h"
#include "api/field_error.h"
#include "server/registry/allocator.h"
#include "server/registry/kind.h"

#include <memory>
#include <string>
#include <vector>

// What the parts of the kind Service ask each other. `spec` is a Service's spec, in the storage version.
namespace skiff::server {

inline constexpr const char* kHeadless = "None";

// spec.<name> as a list of texts; empty when it is absent.
[[nodiscard]] std::vector<std::string> texts_at(const Json& spec, const char* name);

[[nodiscard]] bool is_service_type(const Json& spec, std::string_view type);
[[nodiscard]] bool is_headless(const Json& spec);
[[nodiscard]] bool needs_cluster_ip(const Json& spec);
[[nodiscard]] bool needs_node_ports(const Json& spec);
[[nodiscard]] bool needs_health_check_port(const Json& spec);
[[nodiscard]] bool is_externally_accessible(const Json& spec);

// clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, as far as they can be judged by themselves.
void validate_cluster_ips(const Json& spec, api::FieldErrors& errors);
void validate_service(const Json& service, api::FieldErrors& errors);
void validate_service_update(const Json& service, const Json& old_service, api::FieldErrors& errors);
void validate_service_status(const Json& service, api::FieldErrors& errors);

// Brings what clients of different age send into one form: an update that leaves out what was allocated keeps it, and
// clusterIP and clusterIPs say the same.
void normalize_service(Json& spec, const Json* old_spec);
// Completes ipFamilyPolicy and ipFamilies for a cluster whose services have IPv4 addresses.
void complete_ip_families(Json& spec, const Json* old_spec, api::FieldErrors& errors);

// Hands out cluster IPs and node ports.
[[nodiscard]] std::unique_ptr<Allocator> make_service_allocator(const KindOptions& options);

}  // namespace skiff::server
