#pragma once

#include "api/base/json.h"
#include "api/field_error.h"

// What may become of a pod that exists. Both objects are whole pods.
namespace skiff::server {

// Images, the deadline, more tolerations and fewer scheduling gates; for a pod that is still gated also narrower rules
// on nodes. Nothing else of the specification.
void validate_pod_update(const Json& pod, const Json& old_pod, api::FieldErrors& errors);

// Containers for debugging, added through the subresource ephemeralcontainers: those that are there stay as they are.
void validate_ephemeral_update(const Json& pod, const Json& old_pod, api::FieldErrors& errors);

// Of the status: what a node reports must be addresses, and containers that have ended for good stay so.
void validate_pod_status(const Json& pod, const Json& old_pod, api::FieldErrors& errors);

}  // namespace skiff::server
