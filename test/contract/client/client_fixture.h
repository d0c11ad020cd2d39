#pragma once

#include "api/client/http/http_client.h"
#include "api/client/http/tls.h"
#include "api/schema/schema.h"
#include "server/auth/authenticator.h"
#include "server/auth/authorizer.h"
#include "server/auth/pki.h"
#include "server/handlers/api_handler.h"
#include "server/handlers/service_account_issuer.h"
#include "server/registry/direct_client.h"
#include "server/registry/registry.h"
#include "store/memory/memory_store.h"
#include "test/server/http/running_server.h"
#include "test/support/run.h"

#include <memory>
#include <string>

namespace skiff::server {

inline const Pki& test_pki() {
  static const Pki made = *create_pki(PkiOptions{}, std::chrono::system_clock::now());
  return made;
}

// An HTTPS server on loopback with the test's certificate.
inline HttpServerOptions https_options(std::uint16_t port) {
  HttpServerOptions options;
  options.port = port;
  options.tls = TlsOptions{test_pki().apiserver.certificate + test_pki().ca.certificate, test_pki().apiserver.key,
                           test_pki().ca.certificate};
  return options;
}

// A client of it.
inline std::unique_ptr<api::Client> make_http_client(api::Endpoint server, std::string token,
                                                     const api::ClientTlsOptions& tls) {
  api::HttpClientOptions options;
  options.server = std::move(server);
  options.tls = *api::make_client_context(tls);
  options.token = std::move(token);
  options.user_agent = "kubelet/test";
  return std::make_unique<api::HttpClient>(std::move(options));
}

struct NoNodes final : NodeServices {
  std::shared_ptr<NodeAccess> find(std::string_view) override { return nullptr; }
};

// An API over a store in memory, behind both doors: the registry itself, and an HTTPS server on loopback.
class TestApi {
 public:
  TestApi() { start(0); }

  // Ends the HTTPS server; the store stays.
  void stop() { server_.reset(); }
  // Begins another on the same port.
  void restart() {
    stop();
    start(port_);
  }

  [[nodiscard]] api::Endpoint endpoint() const { return api::Endpoint{"127.0.0.1", port_}; }
  [[nodiscard]] Registry& registry() { return registry_; }
  [[nodiscard]] store::Store& store() { return *store_; }

  [[nodiscard]] std::unique_ptr<api::Client> direct_client() {
    return std::make_unique<DirectClient>(registry_, api::User{"system:node:n1", {"system:authenticated"}, ""},
                                          &token_issuer_);
  }
  [[nodiscard]] std::unique_ptr<api::Client> http_client(std::string token, const api::ClientTlsOptions& tls) const {
    return make_http_client(endpoint(), std::move(token), tls);
  }
  [[nodiscard]] std::unique_ptr<api::Client> http_client() const {
    api::ClientTlsOptions tls;
    tls.authorities = test_pki().ca.certificate;
    return http_client("secret", tls);
  }

 private:
  void start(std::uint16_t port) {
    server_ = std::make_unique<RunningServer>(door_, https_options(port));
    port_ = server_->port();
  }

  static Authenticator& with_token(Authenticator& authenticator) {
    authenticator.add_token(TokenUser{"secret", api::User{"system:node:n1", {}, ""}});
    return authenticator;
  }

  SystemClock clock_;
  std::unique_ptr<const api::schema::Catalog> catalog_ = api::schema::Catalog::builtin();
  KindTable kinds_{builtin_kinds(*catalog_)};
  std::unique_ptr<store::Store> store_ = store::open_memory_store();
  Registry registry_{*store_, kinds_, *catalog_, clock_, AdmissionChain()};
  ServiceAccountTokens tokens_ = *ServiceAccountTokens::create(test_pki().service_account_private_key);
  Authenticator authenticator_{tokens_, clock_};
  Authorizer authorizer_{AuthorizationMode::kAlwaysAllow};
  NoNodes nodes_;
  ServiceAccountIssuer token_issuer_{registry_, tokens_};
  ApiHandler handler_{
      ApiParts{registry_, *catalog_, nodes_, authenticator_, authorizer_, tokens_, token_issuer_}, {}, {}};
  AuthenticatingHandler door_{with_token(authenticator_), handler_};
  std::unique_ptr<RunningServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace skiff::server
