#pragma once

#include "api/base/json.h"
#include "api/field_error.h"
#include "server/registry/kind.h"

#include <string>

// What Deployments and ReplicaSets have in common: a selector, a template that it matches, a number of replicas.
namespace skiff::server {

// That spec.selector selects something and that the template's labels match it.
void validate_selector(const Json& object, api::FieldErrors& errors);

// The scale subresource of kinds with spec.selector.
[[nodiscard]] ScaleSpec workload_scale();

}  // namespace skiff::server
