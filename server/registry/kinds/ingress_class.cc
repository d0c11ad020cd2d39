#include "api/schema/validate.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

#include <algorithm>
#include <cctype>

namespace skiff::server {

namespace {

constexpr std::size_t kMaxControllerLength = 250;
constexpr std::string_view kPathPunctuation = "/-._~%!$&'()*+,;=:";

bool is_http_path(std::string_view path) {
  return std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || kPathPunctuation.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

// "acme.io/foo" (upstream's IsDomainPrefixedPath).
void validate_domain_path(const std::string& text, const std::string& path, api::FieldErrors& errors) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == text.size()) {
    return errors.invalid(path, text, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  }
  const std::string host = text.substr(0, slash);
  api::schema::validate_format("dns1123-subdomain", host, path, errors);
  if (const std::string rest = text.substr(slash + 1); !is_http_path(rest)) {
    errors.invalid(path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
}

void validate_parameters(const Json& parameters, const std::string& path, api::FieldErrors& errors) {
  auto check = [&](const char* member, const char* format) {
    const Json* value = find(parameters, {member});
    if (value == nullptr) return;
    api::schema::validate_format(format, value->get<std::string>(), api::child(path, member), errors);
  };
  check("apiGroup", "dns1123-subdomain");
  check("kind", "path-segment");
  check("name", "path-segment");
  const bool has_namespace = parameters.contains("namespace");
  const std::string scope = string_at(parameters, {"scope"});
  if (scope == "Namespace" && !has_namespace) {
    errors.required(api::child(path, "namespace"), "`parameters.scope` is set to 'Namespace'");
  } else if (scope == "Namespace") {
    check("namespace", "dns1123-label");
  } else if (scope == "Cluster" && has_namespace) {
    errors.forbidden(api::child(path, "namespace"), "`parameters.scope` is set to 'Cluster'");
  }
}

class IngressClassStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    const std::string controller = string_at(object, {"spec", "controller"});
    if (controller.empty()) {
      errors.required("spec.controller");
    } else {
      if (controller.size() > kMaxControllerLength) errors.too_long("spec.controller", kMaxControllerLength);
      validate_domain_path(controller, "spec.controller", errors);
    }
    if (const Json* parameters = find(object, {"spec", "parameters"})) {
      validate_parameters(*parameters, "spec.parameters", errors);
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }
};

}  // namespace

Kind ingress_class_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "IngressClass";
  kind.plural = "ingressclasses";
  kind.singular = "ingressclass";
  kind.namespaced = false;
  kind.versions = {served_version(catalog, "networking.k8s.io", "v1", "IngressClass")};
  kind.strategy = std::make_shared<IngressClassStrategy>();
  kind.table = ingress_class_table();
  return kind;
}

}  // namespace skiff::server
