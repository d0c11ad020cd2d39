#include "server/registry/kinds/pod_spec.h"

#include "api/schema/validate.h"
#include "server/registry/object_meta.h"

namespace skiff::server {

namespace {

// "Always" for an image without a tag or with the tag "latest", which may be another image the next time.
std::string default_pull_policy(const std::string& image) {
  if (image.find('@') != std::string::npos) return "IfNotPresent";
  const std::size_t colon = image.rfind(':');
  const bool has_tag = colon != std::string::npos && image.find('/', colon) == std::string::npos;
  return !has_tag || image.substr(colon + 1) == "latest" ? "Always" : "IfNotPresent";
}

}  // namespace

void default_pod_spec(Json& spec) {
  if (!spec.contains("securityContext")) spec["securityContext"] = Json::object();
  for_each_container(spec, [](Json& container, const std::string&) {
    if (!container.contains("imagePullPolicy")) {
      container["imagePullPolicy"] = default_pull_policy(string_at(container, {"image"}));
    }
  });
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

void validate_pod_spec(const Json& spec, std::string_view path, api::FieldErrors& errors) {
  if (const Json* volumes = find(spec, {"volumes"})) validate_volumes(*volumes, api::child(path, "volumes"), errors);
  validate_containers(spec, path, errors);
  validate_placement(spec, path, errors);
  if (const std::string name = string_at(spec, {"serviceAccountName"}); !name.empty()) {
    for (std::string& what : api::schema::format_messages("dns1123-subdomain", name)) {
      errors.invalid(api::child(path, "serviceAccountName"), name, std::move(what));
    }
  }
  if (const std::int64_t seconds = integer_at(spec, {"terminationGracePeriodSeconds"}); seconds < 0) {
    errors.invalid(api::child(path, "terminationGracePeriodSeconds"), seconds, "must be greater than or equal to 0");
  }
  if (string_at(spec, {"dnsPolicy"}) == "None") {
    const Json* servers = find(spec, {"dnsConfig", "nameservers"});
    const std::string dns = api::child(path, "dnsConfig");
    if (find(spec, {"dnsConfig"}) == nullptr) {
      errors.required(dns, "must provide `dnsConfig` when `dnsPolicy` is None");
    } else if (servers == nullptr || servers->empty()) {
      errors.required(api::child(dns, "nameservers"),
                      "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
}

void validate_pod_template(const Json& template_, std::string_view path, api::FieldErrors& errors) {
  if (const Json* labels = find(template_, {"metadata", "labels"})) {
    validate_labels(*labels, api::child(path, "labels"), errors);
  }
  if (const Json* annotations = find(template_, {"metadata", "annotations"})) {
    validate_annotations(*annotations, api::child(path, "annotations"), errors);
  }
  if (const Json* spec = find(template_, {"spec"})) validate_pod_spec(*spec, api::child(path, "spec"), errors);
}

std::string go_string_map(const Json& map) {
  std::string text;
  for (const auto& [name, value] : map.items()) {
    text += (text.empty() ? "" : ", ") + to_json_text(name) + ":" + to_json_text(value);
  }
  return map.is_null() ? "map[string]string(nil)" : "map[string]string{" + text + "}";
}

}  // namespace skiff::server
