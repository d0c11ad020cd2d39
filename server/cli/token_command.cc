#include "api/client/http/tls.h"
#include "server/auth/bootstrap_tokens.h"
#include "server/cli/administrator_access.h"
#include "server/cli/commands.h"

#include <boost/asio/io_context.hpp>

#include <iostream>

namespace skiff::server {
namespace {

api::Result<api::ObjectPtr> create_secret(asio::io_context& context, api::Client& client, Json secret) {
  api::Result<api::ObjectPtr> created = api::internal_error("the request did not end");
  asio::co_spawn(context, client.create(api::kSecrets, "kube-system", std::move(secret), api::WriteOptions()),
                 [&created](const std::exception_ptr& exception, api::Result<api::ObjectPtr> result) {
                   if (exception) std::rethrow_exception(exception);
                   created = std::move(result);
                 });
  context.run();
  return created;
}

}  // namespace

int run_token(const TokenOptions& options) {
  auto access = find_administrator(options.data_directory);
  if (!access) return fail(access.error().message);
  const api::Kubeconfig& kubeconfig = access->kubeconfig;
  const auto hash = api::public_key_hash(kubeconfig.authority);
  if (!hash) return fail(hash.error().message);

  api::HttpClientOptions client_options;
  client_options.server = kubeconfig.server;
  client_options.tls = std::move(access->tls);
  client_options.token = kubeconfig.token;
  client_options.user_agent = kUserAgent;
  const BootstrapToken token = new_bootstrap_token();
  Json secret = make_bootstrap_secret(token, SystemClock().now(), options.time_to_live);
  asio::io_context loop(1);  // outlives the client's connections
  api::HttpClient client(std::move(client_options));
  const auto created = create_secret(loop, client, std::move(secret));
  if (!created) return fail("create the token: " + created.error().message);

  const std::string joined = token.to_string() + "." + hash->substr(hash->find(':') + 1);
  if (options.print_join_command) {
    std::cout << "skiff agent --server " << kubeconfig.server_url << " --token " << joined << '\n';
  } else {
    std::cout << joined << '\n';
  }
  return 0;
}

}  // namespace skiff::server
