#include "server/cluster/server_access.h"

#include "api/base/files.h"
#include "api/client/http/http_client.h"
#include "api/client/http/tls.h"

namespace skiff::server {

Result<std::unique_ptr<api::Client>> ServerAccess::make_client() const {
  api::ClientTlsOptions tls;
  tls.authorities = authority;
  auto context = api::make_client_context(tls);
  if (!context) return context.error();
  api::HttpClientOptions options;
  options.server = endpoint;
  options.tls = std::move(*context);
  options.token = token;
  options.user_agent = "kubelet/skiff-" SKIFF_VERSION;
  return std::unique_ptr<api::Client>(std::make_unique<api::HttpClient>(std::move(options)));
}

Task<Result<ServerAccess>> find_server(const JoinOptions& options, const DataDirectory& directory) {
  ServerAccess access;
  access.token = options.token;
  auto endpoint = api::parse_server_url(options.server);
  if (!endpoint) co_return endpoint.error().wrap("--server");
  access.endpoint = std::move(*endpoint);
  if (!options.authority_file.empty()) {
    auto text = read_file(options.authority_file);
    if (!text) co_return text.error().wrap("--certificate-authority");
    access.authority = std::move(*text);
    co_return access;
  }
  auto known = read_file(directory.authority());
  if (known) {
    const auto hash = api::public_key_hash(*known);
    if (hash && *hash == options.authority_hash) {
      access.authority = std::move(*known);
      co_return access;
    }
  }
  auto discovered = co_await api::discover_authority(access.endpoint, options.authority_hash);
  if (!discovered) co_return discovered.error();
  access.authority = std::move(*discovered);
  auto remembered = write_file_atomically(directory.authority(), access.authority);
  if (!remembered) co_return remembered.error();
  co_return access;
}

Task<Result<void>> check_token(api::Client& client, std::string node_name) {
  const api::NamespacedName name{"", node_name};
  const auto node = co_await client.get(api::kNodes, name);
  const bool is_refused =
      !node && (node.error().reason == api::Reason::kUnauthorized || node.error().reason == api::Reason::kForbidden);
  if (!is_refused) co_return Result<void>();
  co_return Error{ErrorCode::kPermissionDenied, "the server refuses the token: " + node.error().message};
}

Task<api::Result<std::string>> ask_for_pod_cidr(api::Client& client, std::string node_name) {
  const api::NamespacedName name{"", node_name};
  auto node = co_await client.get(api::kNodes, name);
  if (!node && node.error().reason == api::Reason::kNotFound) {
    Json made = {{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", node_name}}}};
    api::WriteOptions options;
    options.field_manager = "kubelet";
    node = co_await client.create(api::kNodes, "", std::move(made), options);
  }
  if (!node) co_return node.error();
  co_return string_at(**node, {"spec", "podCIDR"});
}

}  // namespace skiff::server
