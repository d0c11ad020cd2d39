#include "server/cluster/control_plane.h"

#include "api/base/fd.h"
#include "api/base/files.h"
#include "api/base/host_name.h"
#include "api/client/informer.h"
#include "api/schema/schema.h"
#include "scheduler/scheduler.h"
#include "server/admission/admission.h"
#include "server/auth/authenticator.h"
#include "server/auth/impersonation.h"
#include "server/auth/kubeconfig.h"
#include "server/auth/pki.h"
#include "server/cluster/host.h"
#include "server/cluster/io_threads.h"
#include "server/cluster/remote_nodes.h"
#include "server/controllers/controller_manager.h"
#include "server/handlers/api_handler.h"
#include "server/handlers/debug.h"
#include "server/handlers/service_account_issuer.h"
#include "server/http/http_server.h"
#include "server/metrics/metered_store.h"
#include "server/metrics/readings.h"
#include "server/registry/bootstrap.h"
#include "server/registry/direct_client.h"
#include "server/registry/registry.h"
#include "store/memory/memory_store.h"
#include "store/sqlite/sqlite_store.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <fcntl.h>
#include <prometheus/metric_family.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <array>
#include <atomic>

namespace skiff::server {
namespace {

constexpr int kHttpThreads = 2;
// The heartbeats of nodes never touch the disk; a node makes its Lease anew when we have forgotten it.
constexpr const char* kNodeLeases = "/leases.coordination.k8s.io/kube-node-lease/";
// Made anew with each start.
constexpr std::chrono::hours kKubeletClientLifetime{10 * 365 * 24};

// There are Secrets in it. SQLite gives the files that it makes beside the database the same mode; those of an older
// skiff were open to everybody. What cannot be done here SQLite will tell.
void keep_private(const std::string& database) {
  const UniqueFd made(::open(database.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  for (const char* suffix : {"", "-wal", "-shm"}) static_cast<void>(::chmod((database + suffix).c_str(), 0600));
}

Result<std::unique_ptr<store::Store>> open_store(const ServeOptions& options, const DataDirectory& directory) {
  if (options.in_memory) return store::open_memory_store();
  store::EngineOptions engine;
  engine.volatile_prefixes.emplace_back(kNodeLeases);
  keep_private(directory.store());
  auto opened = store::open_sqlite_store(directory.store(), engine);
  if (opened) return std::move(*opened);
  std::string message = opened.error().message;
  if (opened.error().code == store::Code::kCorrupt) {
    message += fmt::format(
        " (nothing was changed; `skiff db check` tells more. Move {0} and {0}-wal away and put a backup made by `skiff "
        "db backup` in the place of {0}, or start anew without it)",
        directory.store());
  }
  return Error{ErrorCode::kUnavailable, std::move(message)};
}

Result<Pki> open_pki(const ServeOptions& options, const DataDirectory& directory, TimePoint now) {
  PkiOptions pki;
  pki.listen_address = options.listen_address;
  pki.host_name = host_name();
  pki.extra_names = options.tls_sans;
  return options.in_memory && options.data_directory.empty() ? create_pki(pki, now)
                                                             : load_or_create_pki(directory.pki(), pki, now);
}

// The server's identity and whom it believes: ours, unless options name files.
Result<TlsOptions> tls_options(const ServeOptions& options, const Pki& pki) {
  // The authority is shown as well, for agents that know only the hash of its key.
  TlsOptions tls{pki.apiserver.certificate + pki.ca.certificate, pki.apiserver.key, pki.ca.certificate};
  struct FileOption {
    const char* flag;
    const std::string& path;
    std::string* target;
    bool replace;
  };
  const std::array<FileOption, 3> files{
      FileOption{"--tls-cert-file", options.tls_certificate_file, &tls.certificate, true},
      FileOption{"--tls-private-key-file", options.tls_private_key_file, &tls.private_key, true},
      FileOption{"--client-ca-file", options.client_ca_file, &tls.client_ca, false}};
  for (const FileOption& file : files) {
    if (file.path.empty()) continue;
    auto text = read_file(file.path);
    if (!text) return text.error().wrap(file.flag);
    *file.target = file.replace ? std::move(*text) : *file.target + *text;
  }
  return tls;
}

// By which clients know the server. A certificate from elsewhere is believed as it is, whoever signed it.
std::string authorities_of(const ServeOptions& options, const Pki& pki, const TlsOptions& tls) {
  return options.tls_certificate_file.empty() ? pki.ca.certificate : pki.ca.certificate + tls.certificate;
}

Result<std::vector<TokenUser>> token_users(const ServeOptions& options, const Pki& pki) {
  std::vector<TokenUser> users;
  if (!options.token_auth_file.empty()) {
    const auto text = read_file(options.token_auth_file);
    if (!text) return text.error().wrap("--token-auth-file");
    auto parsed = parse_token_file(*text, options.token_auth_file);
    if (!parsed) return parsed.error().wrap("--token-auth-file");
    users = std::move(*parsed);
  }
  users.push_back(TokenUser{pki.admin_token, api::User{"kubernetes-admin", {"system:masters"}, ""}});
  return users;
}

AdmissionOptions admission_options(const ServeOptions& options) {
  AdmissionOptions admission;
  admission.default_not_ready_toleration_seconds = options.not_ready_toleration_seconds;
  admission.default_unreachable_toleration_seconds = options.unreachable_toleration_seconds;
  return admission;
}

InFlightLimits in_flight_limits(const ServeOptions& options) {
  return {options.max_requests_in_flight, options.max_mutating_requests_in_flight};
}

KindOptions kind_options(const ServeOptions& options) {
  return KindOptions{options.service_cluster_ip_range, options.first_node_port, options.last_node_port};
}

// Where the Service "kubernetes" leads: the address listened on, or the host's when that is all or loopback. The
// Service itself has the first address of its range.
ApiServerAddress api_server_address(const ServeOptions& options, std::uint16_t port) {
  const auto listening = boost::asio::ip::make_address(options.listen_address);
  const bool is_own = !listening.is_loopback() && !listening.is_unspecified();
  const auto range = boost::asio::ip::make_network_v4(options.service_cluster_ip_range);
  ApiServerAddress address;
  address.service_ip = boost::asio::ip::make_address_v4(range.network().to_uint() + 1).to_string();
  address.ip =
      is_own ? options.listen_address : host_address(options.node.bridge.empty() ? "skiff0" : options.node.bridge);
  address.port = port;
  return address;
}

// As whom a component of the control plane writes.
api::User component_user(const std::string& name) { return api::User{name, {"system:authenticated"}, ""}; }

// As whom the server shows itself to agents.
Result<KeyPair> kubelet_client_identity(const Pki& pki, TimePoint now) {
  const Subject subject{"kube-apiserver-kubelet-client", {"system:masters"}};
  return issue_certificate(pki.ca, subject, CertificateUse::kClient, {}, now, kKubeletClientLifetime);
}

// The Secret of that name in kube-system.
std::optional<Json> find_system_secret(const Registry& registry, const std::string& name) {
  const ServedKind kind = registry.kinds().find(api::kSecrets);
  const auto record = registry.get(kind, api::NamespacedName{"kube-system", name});
  if (!record) return std::nullopt;
  const auto secret = registry.object(kind, *record);
  if (!secret) return std::nullopt;
  return **secret;
}

// Every kind in its storage version.
std::vector<api::ResourceType> served_resources(const KindTable& kinds) {
  std::vector<api::ResourceType> resources;
  for (const Kind& kind : kinds.all()) {
    const ServedVersion& version = kind.versions.front();
    resources.push_back({version.group, version.version, kind.plural, kind.kind, kind.namespaced});
  }
  return resources;
}

controllers::ManagerOptions manager_options(const ServeOptions& options, const std::string& authorities,
                                            const KindTable& kinds, const NodeDirectory& nodes) {
  const auto is_local = [&nodes](const std::string& node_name) { return nodes.is_local(node_name); };
  controllers::ManagerOptions manager;
  manager.ca_pem = authorities;
  manager.types = served_resources(kinds);
  manager.node_lifecycle.grace_period = options.node_monitor_grace_period;
  manager.node_lifecycle.is_local = is_local;
  manager.node_ipam.cluster_cidr = options.node.cluster_cidr;
  manager.node_ipam.is_local = is_local;
  return manager;
}

// How a client on this machine reaches the server.
std::string url_of(const std::string& address, std::uint16_t port) {
  if (address == "0.0.0.0") return fmt::format("https://127.0.0.1:{}", port);
  if (address == "::") return fmt::format("https://[::1]:{}", port);
  const bool is_v6 = address.find(':') != std::string::npos;
  return is_v6 ? fmt::format("https://[{}]:{}", address, port) : fmt::format("https://{}:{}", address, port);
}

}  // namespace

struct ControlPlane::Impl {
  Impl(const Clock& clock_in, ServeOptions options_in, std::unique_ptr<store::Store> store_in, Pki pki_in,
       std::string authorities_in, ServiceAccountTokens tokens_in, KeyPair kubelet_client)
      : clock(clock_in),
        options(std::move(options_in)),
        pki(std::move(pki_in)),
        authorities(std::move(authorities_in)),
        tokens(std::move(tokens_in)),
        catalog(api::schema::Catalog::builtin()),
        kinds(builtin_kinds(*catalog, kind_options(options))),
        store(std::move(store_in)),
        registry(store, kinds, *catalog, clock, default_admission(admission_options(options))),
        remote_nodes(registry, std::move(kubelet_client)),
        authorizer(*authorization_mode_from_string(options.authorization_mode)),
        authenticator(tokens, clock),
        token_issuer(registry, tokens),
        api_handler(ApiParts{registry, *catalog, nodes, authenticator, authorizer, tokens, token_issuer},
                    {HealthCheck{"informer-sync", true, [this] { return ready.load(); }}}, in_flight_limits(options),
                    {[this] { return queue_metrics.collect(std::chrono::steady_clock::now()); },
                     [this] { return scheduler.metrics(); }, [this] { return store_metrics(); }}),
        debug(store, api_handler),
        impersonation(authorizer, debug),
        door(authenticator, impersonation),
        controllers_client(registry, component_user("system:kube-controller-manager")),
        scheduler_client(registry, component_user("system:kube-scheduler")),
        informers(control_thread.executor(), controllers_client),
        scheduler(control_thread.executor(), scheduler_client, informers, clock),
        controllers(
            controllers::Context{control_thread.executor(), controllers_client, informers, clock, queue_metrics},
            manager_options(options, authorities, kinds, nodes)) {}

  // How the store does.
  [[nodiscard]] std::vector<prometheus::MetricFamily> store_metrics() const {
    std::vector<prometheus::MetricFamily> families = store.collect();
    if (!database.empty()) families.push_back(storage_size_reading(database));
    return families;
  }

  const Clock& clock;
  const ServeOptions options;
  const Pki pki;
  const std::string authorities;  // PEM
  const ServiceAccountTokens tokens;
  const std::unique_ptr<const api::schema::Catalog> catalog;
  const KindTable kinds;
  // Outlive what waits on them; after stop() nothing does.
  IoThreads http_threads{kHttpThreads};
  IoThreads control_thread{1};

  api::WorkQueueMetrics queue_metrics;

  MeteredStore store;
  Registry registry;
  RemoteNodes remote_nodes;
  NodeDirectory nodes;
  const Authorizer authorizer;
  Authenticator authenticator;
  ServiceAccountIssuer token_issuer;
  ApiHandler api_handler;
  DebugHandler debug;
  ImpersonatingHandler impersonation;
  AuthenticatingHandler door;
  std::unique_ptr<HttpServer> http;

  DirectClient controllers_client;
  DirectClient scheduler_client;
  api::InformerFactory informers;
  scheduler::Scheduler scheduler;  // before the controllers: the informers that it needs start with theirs
  controllers::ControllerManager controllers;

  std::atomic<bool> ready = false;  // what /readyz says
  bool listening = false;
  bool controlling = false;
  std::string url;
  std::string kubeconfig_path;
  std::string database;  // the file; "" when there is none
};

ControlPlane::ControlPlane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlPlane::~ControlPlane() = default;

Result<std::unique_ptr<ControlPlane>> ControlPlane::open(const ServeOptions& options, const DataDirectory& directory,
                                                         const Clock& clock) {
  auto pki = open_pki(options, directory, clock.now());
  if (!pki) return pki.error();
  auto tokens = ServiceAccountTokens::create(pki->service_account_private_key);
  if (!tokens) return tokens.error().wrap("service account key");
  auto tls = tls_options(options, *pki);
  if (!tls) return tls.error();
  auto users = token_users(options, *pki);
  if (!users) return users.error();
  auto store = open_store(options, directory);
  if (!store) return store.error();

  auto kubelet_client = kubelet_client_identity(*pki, clock.now());
  if (!kubelet_client) return kubelet_client.error();

  std::string authorities = authorities_of(options, *pki, *tls);
  auto impl = std::make_unique<Impl>(clock, options, std::move(*store), std::move(*pki), std::move(authorities),
                                     std::move(*tokens), std::move(*kubelet_client));
  impl->nodes.set_remote(impl->remote_nodes);
  impl->authenticator.set_bootstrap_secrets(
      [&registry = impl->registry](const std::string& name) { return find_system_secret(registry, name); });
  for (TokenUser& user : *users) impl->authenticator.add_token(std::move(user));
  impl->kubeconfig_path = options.kubeconfig.empty() ? directory.kubeconfig() : options.kubeconfig;
  if (!options.in_memory) impl->database = directory.store();
  HttpServerOptions http;
  http.address = options.listen_address;
  http.port = options.listen_port;
  http.tls = std::move(*tls);
  impl->http = std::make_unique<HttpServer>(impl->http_threads.executor(), impl->door, clock, std::move(http));
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(impl)));
}

Task<Result<void>> ControlPlane::start() {
  Impl& impl = *impl_;
  // The port first: when it is taken, nothing has happened yet.
  if (auto listening = impl.http->start(); !listening) co_return listening.error();
  impl.listening = true;
  const auto initial = co_await bootstrap(impl.registry, api_server_address(impl.options, impl.http->port()));
  if (!initial) co_return Error{ErrorCode::kInternal, initial.error().message};
  impl.controlling = true;
  co_await asio::co_spawn(impl.control_thread.executor(), start_control(impl), asio::use_awaitable);
  impl.url = url_of(impl.options.listen_address, impl.http->port());
  auto written = write_kubeconfig(impl.kubeconfig_path, kubeconfig_text(impl.url, impl.authorities, impl.pki));
  if (!written) co_return written.error().wrap("kubeconfig");
  impl.ready = true;
  co_return Result<void>();
}

Task<void> ControlPlane::start_control(Impl& impl) {
  const bool started = co_await impl.controllers.start();
  if (started) impl.scheduler.start();
}

Task<void> ControlPlane::stop_control(Impl& impl) {
  co_await impl.scheduler.stop();
  co_await impl.controllers.stop();
}

Task<void> ControlPlane::stop() {
  Impl& impl = *impl_;
  impl.ready = false;
  if (impl.listening) co_await impl.http->stop();
  if (impl.controlling)
    co_await asio::co_spawn(impl.control_thread.executor(), stop_control(impl), asio::use_awaitable);
  impl.store.close();
}

const std::string& ControlPlane::url() const { return impl_->url; }
const std::string& ControlPlane::kubeconfig_path() const { return impl_->kubeconfig_path; }
NodeDirectory& ControlPlane::nodes() { return impl_->nodes; }

std::unique_ptr<api::Client> ControlPlane::node_client(const std::string& node_name) {
  return std::make_unique<DirectClient>(
      impl_->registry, api::User{"system:node:" + node_name, {"system:nodes", "system:authenticated"}, ""},
      &impl_->token_issuer);
}

}  // namespace skiff::server
