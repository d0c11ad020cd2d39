#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

#include <string>

namespace skiff::server {

namespace {

// What named an ingress's class before spec.ingressClassName did.

// "*.example.com".
void check_wildcard(const std::string& host, const std::string& path, api::FieldErrors& errors) {
  const bool has_form =
      host.starts_with("*.") && api::schema::check_format("dns1123-subdomain", host.substr(2)).empty();
  if (has_form) return;
  errors.invalid(path, host,
                 "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
                 "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character "
                 "(e.g. '*.example.com', regex used for validation is "
                 "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

void validate_host(const std::string& host, const std::string& path, api::FieldErrors& errors) {
  if (host.find('*') != std::string::npos) return check_wildcard(host, path, errors);
  api::schema::validate_format("dns1123-subdomain", host, path, errors);
}

void validate_backend_service(const Json& service, const std::string& backend, api::FieldErrors& errors) {
  const std::string path = api::child(backend, "service");
  if (const std::string name = string_at(service, {"name"}); !name.empty()) {
    api::schema::validate_format("dns1035-label", name, api::child(path, "name"), errors);
  }
  const std::string port_name = string_at(service, {"port", "name"});
  const std::int64_t port_number = integer_at(service, {"port", "number"});
  if (!port_name.empty() && port_number != 0) {
    errors.invalid(backend, "", "cannot set both port name & port number");
  } else if (!port_name.empty()) {
    api::schema::validate_format("iana-svc-name", port_name, api::child(path, "port.name"), errors);
  } else if (port_number == 0) {
    errors.required(backend, "port name or number is required");
  } else if (port_number < 1 || port_number > 65535) {
    errors.invalid(api::child(path, "port.number"), port_number, "must be between 1 and 65535, inclusive");
  }
}

void validate_resource(const Json& resource, const std::string& path, api::FieldErrors& errors) {
  if (const Json* group = find(resource, {"apiGroup"})) {
    api::schema::validate_format("dns1123-subdomain", group->get<std::string>(), api::child(path, "apiGroup"), errors);
  }
  for (const char* member : {"kind", "name"}) {
    api::schema::validate_format("path-segment", string_at(resource, {member}), api::child(path, member), errors);
  }
}

void validate_backend(const Json& backend, const std::string& path, api::FieldErrors& errors) {
  const Json* resource = find(backend, {"resource"});
  const Json* service = find(backend, {"service"});
  if (resource != nullptr && service != nullptr) {
    errors.invalid(path, "", "cannot set both resource and service backends");
  } else if (resource != nullptr) {
    validate_resource(*resource, api::child(path, "resource"), errors);
  } else if (service != nullptr) {
    validate_backend_service(*service, path, errors);
  } else {
    errors.invalid(path, "", "resource or service backend is required");
  }
}

void validate_matched_path(const std::string& matched, bool by_elements, const std::string& path,
                           api::FieldErrors& errors) {
  if (!matched.starts_with('/') && (by_elements || !matched.empty())) {
    errors.invalid(path, matched, "must be an absolute path");
  }
  if (!by_elements) return;
  for (const std::string sequence : {"//", "/./", "/../", "%2f", "%2F"}) {
    if (matched.find(sequence) != std::string::npos) {
      errors.invalid(path, matched, "must not contain '" + sequence + "'");
    }
  }
  for (const std::string suffix : {"/..", "/."}) {
    if (matched.ends_with(suffix)) errors.invalid(path, matched, "cannot end with '" + suffix + "'");
  }
}

void validate_http_path(const Json& http_path, const std::string& path, api::FieldErrors& errors) {
  const std::string type = string_at(http_path, {"pathType"});
  if (type.empty()) return errors.required(api::child(path, "pathType"), "pathType must be specified");
  if (type == "Exact" || type == "Prefix" || type == "ImplementationSpecific") {
    validate_matched_path(string_at(http_path, {"path"}), type != "ImplementationSpecific", api::child(path, "path"),
                          errors);
  } else {
    errors.not_supported(api::child(path, "pathType"), type, {"Exact", "ImplementationSpecific", "Prefix"});
  }
  validate_backend(http_path.at("backend"), api::child(path, "backend"), errors);
}

void validate_rule(const Json& rule, const std::string& path, api::FieldErrors& errors) {
  if (const std::string host = string_at(rule, {"host"}); !host.empty()) {
    const std::string host_path = api::child(path, "host");
    if (api::schema::check_format("ip", host).empty()) {
      errors.invalid(host_path, host, "must be a DNS name, not an IP address");
    }
    validate_host(host, host_path, errors);
  }
  const Json* paths = find(rule, {"http", "paths"});
  if (paths == nullptr) return;
  for (std::size_t i = 0; i < paths->size(); ++i) {
    validate_http_path((*paths)[i], api::index(api::child(path, "http.paths"), i), errors);
  }
}

void validate_tls(const Json& tls, const std::string& path, api::FieldErrors& errors) {
  if (const Json* hosts = find(tls, {"hosts"})) {
    for (std::size_t i = 0; i < hosts->size(); ++i) {
      validate_host((*hosts)[i].get<std::string>(), api::index(api::child(path, "hosts"), i), errors);
    }
  }
  if (const std::string secret = string_at(tls, {"secretName"}); !secret.empty()) {
    api::schema::validate_format("dns1123-subdomain", secret, api::child(path, "secretName"), errors);
  }
}

template <class Validate>
void for_each_in(const Json& spec, const char* member, Validate validate) {
  const Json* list = find(spec, {member});
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->size(); ++i) validate((*list)[i], api::index(api::child("spec", member), i));
}

void validate_spec(const Json& spec, api::FieldErrors& errors) {
  const Json* rules = find(spec, {"rules"});
  const Json* backend = find(spec, {"defaultBackend"});
  if (backend == nullptr && (rules == nullptr || rules->empty())) {
    const char* none = rules == nullptr ? "[]networking.IngressRule(nil)" : "[]networking.IngressRule{}";
    errors.add(api::FieldError{api::FieldErrorType::kInvalid, "spec", none,
                               "either `defaultBackend` or `rules` must be specified"});
  }
  if (backend != nullptr) validate_backend(*backend, "spec.defaultBackend", errors);
  for_each_in(spec, "rules", [&](const Json& rule, const std::string& path) { validate_rule(rule, path, errors); });
  for_each_in(spec, "tls", [&](const Json& tls, const std::string& path) { validate_tls(tls, path, errors); });
  if (const Json* name = find(spec, {"ingressClassName"})) {
    api::schema::validate_format("dns1123-subdomain", name->get<std::string>(), "spec.ingressClassName", errors);
  }
}

class IngressStrategy final : public Strategy {
 public:
  void prepare_for_create(Json& object, TimePoint now) const override {
    Strategy::prepare_for_create(object, now);
    object["status"] = Json{{"loadBalancer", Json::object()}};
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    validate_spec(object.at("spec"), errors);
  }

  void validate_create(const Json& object, api::FieldErrors& errors) const override {
    const std::string* annotated = api::annotation_of(object, kIngressClassAnnotation);
    const Json* name = find(object, {"spec", "ingressClassName"});
    if (annotated != nullptr && name != nullptr && *annotated != name->get<std::string>()) {
      errors.invalid(api::child("annotations", kIngressClassAnnotation), *annotated,
                     "must match `ingressClassName` when both are specified");
    }
  }

  void validate_status_update(const Json& object, const Json&, api::FieldErrors& errors) const override {
    const Json* addresses = find(object, {"status", "loadBalancer", "ingress"});
    if (addresses == nullptr) return;
    for (std::size_t i = 0; i < addresses->size(); ++i) {
      const std::string path = api::index("status.loadBalancer.ingress", i);
      if (const std::string ip = string_at((*addresses)[i], {"ip"}); !ip.empty()) {
        api::schema::validate_format("ip", ip, api::child(path, "ip"), errors);
      }
      const std::string hostname = string_at((*addresses)[i], {"hostname"});
      if (hostname.empty()) continue;
      api::schema::validate_format("dns1123-subdomain", hostname, api::child(path, "hostname"), errors);
      if (api::schema::check_format("ip", hostname).empty()) {
        errors.invalid(api::child(path, "hostname"), hostname, "must be a DNS name, not an IP address");
      }
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    if (old_object != nullptr || object.at("spec").contains("ingressClassName")) return;
    if (api::annotation_of(object, kIngressClassAnnotation) == nullptr) return;
    warnings.push_back("annotation \"" + std::string(kIngressClassAnnotation) +
                       "\" is deprecated, please use 'spec.ingressClassName' instead");
  }
};

}  // namespace

Kind ingress_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Ingress";
  kind.plural = "ingresses";
  kind.singular = "ingress";
  kind.short_names = {"ing"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "networking.k8s.io", "v1", "Ingress")};
  kind.strategy = std::make_shared<IngressStrategy>();
  kind.table = ingress_table();
  return kind;
}

}  // namespace skiff::server
