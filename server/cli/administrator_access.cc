#include "server/cli/administrator_access.h"

#include "api/base/files.h"
#include "api/client/http/tls.h"
#include "server/cli/data_directory.h"

namespace skiff::server {

Result<AdministratorAccess> find_administrator(const std::string& data_directory) {
  const std::string path = DataDirectory::peek(data_directory).kubeconfig();
  const auto text = read_file(path);
  if (!text) {
    Error error = text.error();
    error.message += " (has `skiff server` run on this data directory?)";
    return error;
  }
  auto kubeconfig = api::parse_kubeconfig(*text);
  if (!kubeconfig) return kubeconfig.error().wrap(path);
  api::ClientTlsOptions tls;
  tls.authorities = kubeconfig->authority;
  auto context = api::make_client_context(tls);
  if (!context) return context.error();
  return AdministratorAccess{std::move(*kubeconfig), std::move(*context)};
}

}  // namespace skiff::server
