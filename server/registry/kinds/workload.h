#pragma once

#include "api/base/json.h"
#include "api/field_error.h"
#include "server/registry/kind.h"

#include <string>
#include <string_view>

// What the kinds that keep pods have in common: a selector, a template that it matches, a number of replicas.
namespace skiff::server {

// A kind of the group apps: v1, and v1beta2 with its deprecation warning. `name` is the kind's ("Deployment").
[[nodiscard]] Kind apps_kind(const api::schema::Catalog& catalog, std::string name);

// The defaults of spec.template.spec that depend on other fields, if there is one.
void default_template(Json& object);

// That spec.selector selects something and that the template's labels match it. `kind` is the word for an empty
// selector's message.
void validate_selector(const Json& object, api::FieldErrors& errors, std::string_view kind = "deployment");

// That the selector is well formed and matches the labels of spec.template.
void validate_template_match(const Json& selector, const Json& labels, api::FieldErrors& errors);

// spec.template of a kind whose pods run for ever. `kind` is the word in messages: "ReplicaSet".
void validate_lasting_template(const Json& object, std::string_view kind, api::FieldErrors& errors);

// That no counter of a ReplicaSet's or ReplicationController's status is greater than the one it is a part of.
void validate_replica_counts(const Json& object, api::FieldErrors& errors);

// The steps of rolling updates, maxSurge and maxUnavailable: an absolute number or a percentage ("25%").
void validate_step(const Json& step, const std::string& path, api::FieldErrors& errors);
void validate_at_most_all(const Json& step, const std::string& path, api::FieldErrors& errors);
[[nodiscard]] bool is_zero_step(const Json& step);

// The scale subresource of kinds with spec.selector.
[[nodiscard]] ScaleSpec workload_scale();

}  // namespace skiff::server
