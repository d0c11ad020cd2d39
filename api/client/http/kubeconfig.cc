#include "api/client/http/kubeconfig.h"

#include "api/base/ids.h"

namespace skiff::api {

namespace {

// The element of that name in a list of named things; null when there is none.
const Json* named(const Json& config, std::string_view list, const std::string& name) {
  const Json* elements = find(config, {list});
  if (elements == nullptr || !elements->is_array()) return nullptr;
  for (const Json& element : *elements) {
    if (string_at(element, {"name"}) == name) return &element;
  }
  return nullptr;
}

}  // namespace

skiff::Result<Kubeconfig> parse_kubeconfig(const std::string& text) {
  const auto parsed = parse_yaml(text);
  if (!parsed) return parsed.error().wrap("kubeconfig");
  const Json& config = parsed->value;
  const Json* context = named(config, "contexts", string_at(config, {"current-context"}));
  if (context == nullptr) return Error{ErrorCode::kInvalid, "kubeconfig: no current context"};
  const Json* cluster = named(config, "clusters", string_at(*context, {"context", "cluster"}));
  const Json* user = named(config, "users", string_at(*context, {"context", "user"}));
  if (cluster == nullptr || user == nullptr) return Error{ErrorCode::kInvalid, "kubeconfig: no cluster or no user"};

  Kubeconfig result;
  result.server_url = string_at(*cluster, {"cluster", "server"});
  auto server = parse_server_url(result.server_url);
  if (!server) return server.error().wrap("kubeconfig: server");
  result.server = std::move(*server);
  result.token = string_at(*user, {"user", "token"});
  const std::string authority = string_at(*cluster, {"cluster", "certificate-authority-data"});
  if (result.token.empty() || authority.empty() || !base64_decode(authority, result.authority)) {
    return Error{ErrorCode::kInvalid, "kubeconfig: no token or no certificate-authority-data"};
  }
  return result;
}

}  // namespace skiff::api
