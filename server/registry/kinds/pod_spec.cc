#include "server/registry/kinds/pod_spec.h"

#include "api/schema/validate.h"
#include "api/views/static_pods.h"
#include "server/registry/object_meta.h"

#include <charconv>

namespace skiff::server {

namespace {

// "Always" for an image without a tag or with the tag "latest", which may be another image the next time.
std::string default_pull_policy(const std::string& image) {
  if (image.find('@') != std::string::npos) return "IfNotPresent";
  const std::size_t colon = image.rfind(':');
  const bool has_tag = colon != std::string::npos && image.find('/', colon) == std::string::npos;
  return !has_tag || image.substr(colon + 1) == "latest" ? "Always" : "IfNotPresent";
}

constexpr const char* kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";

// As upstream reads it: no plus sign, no leading zeros.
bool is_cost(const std::string& text) {
  std::int32_t cost = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, cost);
  return error == std::errc() && parsed == end && text == std::to_string(cost);
}

bool has_container(const Json& spec, const std::string& name) {
  bool found = false;
  for_each_container(
      spec, [&](const Json& container, const std::string&) { found |= string_at(container, {"name"}) == name; });
  return found;
}

}  // namespace

void default_pod_spec(Json& spec) {
  if (!spec.contains("securityContext")) spec["securityContext"] = Json::object();
  const auto default_container = [](Json& container) {
    if (!container.contains("imagePullPolicy")) {
      container["imagePullPolicy"] = default_pull_policy(string_at(container, {"image"}));
    }
  };
  for_each_container(spec, [&](Json& container, const std::string&) { default_container(container); });
  if (const auto ephemeral = spec.find("ephemeralContainers"); ephemeral != spec.end()) {
    for (Json& container : *ephemeral) default_container(container);
  }
  // The deprecated name of the field is kept in step with the new one.
  std::string account = string_at(spec, {"serviceAccountName"});
  if (account.empty()) account = string_at(spec, {"serviceAccount"});
  if (!account.empty()) spec["serviceAccountName"] = spec["serviceAccount"] = account;
  if (const auto volumes = spec.find("volumes"); volumes != spec.end()) {
    for (Json& volume : *volumes) {
      if (volume.size() == 1) volume["emptyDir"] = Json::object();
    }
  }
}

const Json& elements_of(const Json& object, const char* name) {
  static const Json none = Json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : none;
}

void validate_no_backsteps(const std::string& text, const std::string& path, api::FieldErrors& errors) {
  if (("/" + text + "/").find("/../") != std::string::npos) errors.invalid(path, text, "must not contain '..'");
}

void validate_descending_path(const std::string& text, const std::string& path, api::FieldErrors& errors) {
  if (text.starts_with('/')) errors.invalid(path, text, "must be a relative path");
  validate_no_backsteps(text, path, errors);
}

void validate_pod_spec(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  validate_volumes(spec, path, errors);
  validate_containers(spec, path, errors);
  validate_network(spec, path, errors);
  validate_pod_security(spec, path, errors);
  validate_placement(spec, path, errors);
  for (const char* name : {"serviceAccountName", "priorityClassName", "runtimeClassName"}) {
    const Json* value = find(spec, {name});
    if (value == nullptr) continue;
    api::schema::validate_format("dns1123-subdomain", value->get<std::string>(), api::child(path, name), errors);
  }
  const Json* preemption = find(spec, {"preemptionPolicy"});
  if (preemption == nullptr) return;
  if (*preemption == "") {
    errors.required(api::child(path, "preemptionPolicy"));
  } else if (*preemption != "PreemptLowerPriority" && *preemption != "Never") {
    errors.not_supported(api::child(path, "preemptionPolicy"), *preemption, {"PreemptLowerPriority", "Never"});
  }
}

void validate_pod_annotations(const Json& annotations, const Json& spec, std::string_view path,
                              api::FieldErrors& errors) {
  const std::string mirror = string_at(annotations, {api::kConfigMirrorAnnotation});
  if (annotations.contains(api::kConfigMirrorAnnotation) && string_at(spec, {"nodeName"}).empty()) {
    errors.invalid(api::key(path, api::kConfigMirrorAnnotation), mirror,
                   "must set spec.nodeName if mirror pod annotation is set");
  }
  if (const Json* cost = find(annotations, {kDeletionCost}); cost != nullptr && !is_cost(cost->get<std::string>())) {
    errors.invalid(api::key(path, kDeletionCost), *cost, "must be a 32bit integer");
  }
  for (const auto& [name, value] : annotations.items()) {
    if (!name.starts_with(kAppArmorPrefix)) continue;
    const std::string container = name.substr(kAppArmorPrefix.size());
    if (!has_container(spec, container)) errors.invalid(api::key(path, name), container, "container not found");
    const std::string profile = value.get<std::string>();
    if (!profile.empty() && profile != "runtime/default" && profile != "unconfined" &&
        !profile.starts_with("localhost/")) {
      errors.invalid(api::key(path, name), profile, "invalid AppArmor profile name: " + to_json_text(value));
    }
  }
}

void validate_pod_template(const Json& template_, std::string_view path, api::FieldErrors& errors) {
  static const Json none = Json::object();
  const Json* found = find(template_, {"spec"});
  const Json& spec = found == nullptr ? none : *found;
  if (const Json* labels = find(template_, {"metadata", "labels"})) {
    validate_labels(*labels, api::child(path, "labels"), errors);
  }
  if (const Json* annotations = find(template_, {"metadata", "annotations"})) {
    validate_annotations(*annotations, api::child(path, "annotations"), errors);
    validate_pod_annotations(*annotations, spec, api::child(path, "annotations"), errors);
  }
  const std::string spec_path = api::child(path, "spec");
  validate_pod_spec(spec, spec_path, errors);
  if (!elements_of(spec, "ephemeralContainers").empty()) {
    errors.forbidden(api::child(spec_path, "ephemeralContainers"), "ephemeral containers not allowed in pod template");
  }
}

}  // namespace skiff::server
