#include "api/field_error.h"
#include "server/handlers/body.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"

namespace skiff::server {
namespace {

constexpr const char* kAuthorizationGroup = "authorization.k8s.io";

void validate_requirements(const Json& requirements, const std::string& path, api::FieldErrors& errors) {
  for (std::size_t i = 0; i < requirements.size(); ++i) {
    const Json& requirement = requirements[i];
    const std::string at = api::index(path, i);
    const std::string operator_ = string_at(requirement, {"operator"});
    const bool has_values = find(requirement, {"values"}) != nullptr;
    if (string_at(requirement, {"key"}).empty()) errors.required(api::child(at, "key"), "must be specified");
    if ((operator_ == "In" || operator_ == "NotIn") && !has_values) {
      errors.required(api::child(at, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
    }
    if ((operator_ == "Exists" || operator_ == "DoesNotExist") && has_values) {
      errors.forbidden(api::child(at, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  }
}

// A limit by fields or labels: as a text or as a list.
void validate_selector(const Json& attributes, const char* member, api::FieldErrors& errors) {
  const Json* selector = find(attributes, {member});
  if (selector == nullptr) return;
  const std::string path = api::child("spec.resourceAttributes", member);
  const std::string text = string_at(*selector, {"rawSelector"});
  const Json* requirements = find(*selector, {"requirements"});
  if (!text.empty() && requirements != nullptr) {
    errors.invalid(api::child(path, "rawSelector"), text, "may not specified at the same time as requirements");
  }
  if (text.empty() && requirements == nullptr) {
    errors.required(api::child(path, "requirements"),
                    "when " + path + " is specified, requirements or rawSelector is required");
  }
  if (requirements != nullptr) validate_requirements(*requirements, api::child(path, "requirements"), errors);
}

void validate_action(const Json& spec, api::FieldErrors& errors) {
  const Json* resource = find(spec, {"resourceAttributes"});
  const Json* other = find(spec, {"nonResourceAttributes"});
  if (resource != nullptr && other != nullptr) {
    errors.invalid("spec.nonResourceAttributes", *other, "cannot be specified in combination with resourceAttributes");
  }
  if (resource == nullptr && other == nullptr) {
    // The value as upstream prints a pointer to nothing.
    errors.invalid("spec.resourceAttributes", "null",
                   "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  }
  if (resource == nullptr) return;
  validate_selector(*resource, "fieldSelector", errors);
  validate_selector(*resource, "labelSelector", errors);
}

void validate_subject(const Json& spec, api::FieldErrors& errors) {
  if (!string_at(spec, {"user"}).empty() || find(spec, {"groups"}) != nullptr) return;
  errors.invalid("spec.user", "", "at least one of user or group must be specified");
}

// Reviews have no name and no other metadata, but for what servers fill in.
void validate_metadata_is_empty(const Json& review, bool with_namespace, api::FieldErrors& errors) {
  Json metadata = review.at("metadata");
  Json rest = metadata;
  for (const char* member : {"creationTimestamp", "managedFields"}) rest.erase(member);
  if (with_namespace) rest.erase("namespace");
  if (rest.empty()) return;
  errors.invalid("metadata", metadata, with_namespace ? "must be empty except for namespace" : "must be empty");
}

api::User subject_of(const Json& spec) {
  api::User user;
  user.name = string_at(spec, {"user"});
  user.uid = string_at(spec, {"uid"});
  user.groups = spec.value("groups", std::vector<std::string>());
  if (const Json* extra = find(spec, {"extra"})) {
    // A null among the lists is an empty one.
    for (const auto& [key, values] : extra->items()) {
      user.extra[key] = values.is_array() ? values.get<std::vector<std::string>>() : std::vector<std::string>();
    }
  }
  return user;
}

AuthorizationAttributes action_of(const Json& spec, api::User user) {
  AuthorizationAttributes action;
  action.user = std::move(user);
  if (const Json* resource = find(spec, {"resourceAttributes"})) {
    action.is_resource = true;
    action.verb = string_at(*resource, {"verb"});
    action.group = string_at(*resource, {"group"});
    action.resource = string_at(*resource, {"resource"});
    action.subresource = string_at(*resource, {"subresource"});
    action.namespace_ = string_at(*resource, {"namespace"});
    action.name = string_at(*resource, {"name"});
  } else {
    action.verb = string_at(spec, {"nonResourceAttributes", "verb"});
    action.path = string_at(spec, {"nonResourceAttributes", "path"});
  }
  return action;
}

// The review with its answer.
Response answer(const ResourceCall& call, Json review, api::User subject) {
  const AuthorizationDecision decision = call.parts.authorizer.decide(action_of(review.at("spec"), std::move(subject)));
  review["status"] = {{"allowed", decision.allowed}};
  if (!decision.reason.empty()) review["status"]["reason"] = decision.reason;
  return document_response(201, review, call.format);
}

api::Result<Json> read_review(const ResourceCall& call, std::string_view kind) {
  if (const api::Result<WriteQuery> query = create_query(call.request); !query) return query.error();
  return read_body_as(call.request, call.type(kAuthorizationGroup, "v1", kind), call.parts.catalog);
}

}  // namespace

VerbResult review_own_access(ResourceCall& call) {
  api::Result<Json> review = read_review(call, "SelfSubjectAccessReview");
  if (!review) co_return review.error();
  api::FieldErrors errors;
  validate_action(review->at("spec"), errors);
  validate_metadata_is_empty(*review, false, errors);
  if (!errors.empty()) co_return api::invalid(kAuthorizationGroup, "SelfSubjectAccessReview", "", errors);
  co_return answer(call, std::move(*review), call.context.user);
}

VerbResult review_access(ResourceCall& call) {
  api::Result<Json> review = read_review(call, "SubjectAccessReview");
  if (!review) co_return review.error();
  const Json& spec = review->at("spec");
  api::FieldErrors errors;
  validate_action(spec, errors);
  validate_subject(spec, errors);
  validate_metadata_is_empty(*review, false, errors);
  if (!errors.empty()) co_return api::invalid(kAuthorizationGroup, "SubjectAccessReview", "", errors);
  api::User subject = subject_of(spec);
  co_return answer(call, std::move(*review), std::move(subject));
}

VerbResult review_local_access(ResourceCall& call) {
  api::Result<Json> review = read_review(call, "LocalSubjectAccessReview");
  if (!review) co_return review.error();
  const Json& spec = review->at("spec");
  const std::string& namespace_ = call.info.namespace_;
  const std::string own = string_at(*review, {"metadata", "namespace"}, namespace_);
  if (own != namespace_) {
    co_return api::bad_request("the namespace of the provided object does not match the namespace sent on the request");
  }
  (*review)["metadata"]["namespace"] = namespace_;
  api::FieldErrors errors;
  validate_action(spec, errors);
  validate_subject(spec, errors);
  validate_metadata_is_empty(*review, true, errors);
  const Json* resource = find(spec, {"resourceAttributes"});
  if (resource != nullptr && string_at(*resource, {"namespace"}) != namespace_) {
    errors.invalid("spec.resourceAttributes.namespace", string_at(*resource, {"namespace"}),
                   "must match metadata.namespace");
  }
  if (const Json* other = find(spec, {"nonResourceAttributes"})) {
    errors.invalid("spec.nonResourceAttributes", *other, "disallowed on this kind of request");
  }
  if (!errors.empty()) co_return api::invalid(kAuthorizationGroup, "LocalSubjectAccessReview", "", errors);
  api::User subject = subject_of(spec);
  co_return answer(call, std::move(*review), std::move(subject));
}

VerbResult review_own_rules(ResourceCall& call) {
  api::Result<Json> review = read_review(call, "SelfSubjectRulesReview");
  if (!review) co_return review.error();
  if (string_at(*review, {"spec", "namespace"}).empty()) co_return api::bad_request("no namespace on request");
  Json resource_rules = Json::array();
  Json other_rules = Json::array();
  if (call.parts.authorizer.allows_everything(call.context.user)) {
    const Json all = Json::array({"*"});
    resource_rules.push_back({{"verbs", all}, {"apiGroups", all}, {"resources", all}});
    other_rules.push_back({{"verbs", all}, {"nonResourceURLs", all}});
  }
  (*review)["status"] = {{"resourceRules", std::move(resource_rules)},
                         {"nonResourceRules", std::move(other_rules)},
                         {"incomplete", false}};
  co_return document_response(201, *review, call.format);
}

}  // namespace skiff::server
