#include "api/base/log.h"
#include "api/client/http/tls.h"
#include "api/client/work_queue.h"
#include "server/auth/certificate.h"
#include "server/cli/commands.h"
#include "server/cli/data_directory.h"
#include "server/cluster/io_threads.h"
#include "server/cluster/kubelet_api.h"
#include "server/cluster/nodes.h"
#include "server/cluster/server_access.h"
#include "server/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <iostream>

namespace skiff::server {
namespace {

constexpr std::chrono::milliseconds kBaseRetryDelay{200};
constexpr std::chrono::seconds kMaxRetryDelay{10};
// How often the server is asked for the addresses of our pods; it takes it milliseconds to choose them.
constexpr std::chrono::milliseconds kAskAgainDelay{50};
// Of the certificate that is made anew with each start.
constexpr std::chrono::hours kCertificateLifetime{10 * 365 * 24};

// An agent's process, from the command line to the end. All of it on one io_context but the nodes and what answers to
// the server, which have threads of their own.
class AgentProcess {
 public:
  AgentProcess(const JoinOptions& options, const DataDirectory& directory, asio::io_context& context)
      : options_(options), directory_(directory), signals_(context, SIGINT, SIGTERM), stop_(context.get_executor()) {}

  // Joins the cluster and serves until a signal. The error is what made that impossible.
  Task<Result<void>> run();

 private:
  void stop_on_signal();
  // False when a signal came first.
  Task<bool> pause(std::chrono::nanoseconds delay);
  // What tries again until the server answers; nothing when a signal came first.
  Task<Result<std::optional<ServerAccess>>> reach_server();
  Task<Result<void>> introduce(const ServerAccess& access, std::string node_name);
  Task<void> choose_pod_cidr(api::Client& client, std::string node_name);
  Result<void> listen(const ServerAccess& access, const std::string& node_name);
  Result<void> open_nodes(const ServerAccess& access);
  Task<Result<void>> start();
  Task<void> finish();

  JoinOptions options_;
  const DataDirectory& directory_;
  const SystemClock clock_;
  asio::signal_set signals_;
  Signal stop_;
  bool stopping_ = false;

  KubeletApi kubelet_api_;
  IoThreads kubelet_threads_{1};
  std::unique_ptr<HttpServer> kubelet_;
  nodeagent::NodePresence presence_;
  std::unique_ptr<Nodes> nodes_;
};

void AgentProcess::stop_on_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    spdlog::info("stopping on signal {}", signal);
    stopping_ = true;
    stop_.notify();
    // A second signal is impatience: it ends the process at once.
    signals_.clear();
  });
}

Task<bool> AgentProcess::pause(std::chrono::nanoseconds delay) {
  const auto until = std::chrono::steady_clock::now() + delay;
  while (!stopping_ && co_await stop_.wait_until(until)) {
  }
  co_return !stopping_;
}

Task<Result<std::optional<ServerAccess>>> AgentProcess::reach_server() {
  for (unsigned failures = 0;; ++failures) {
    auto access = co_await find_server(options_, directory_);
    if (access) co_return std::optional(std::move(*access));
    if (access.error().code != ErrorCode::kUnavailable) co_return access.error();
    spdlog::warn("{}", access.error().message);
    const bool go_on = co_await pause(api::exponential_delay(kBaseRetryDelay, kMaxRetryDelay, failures));
    if (!go_on) co_return std::optional<ServerAccess>();
  }
}

// Shows the token, and settles what must be known before the node can begin.
Task<Result<void>> AgentProcess::introduce(const ServerAccess& access, std::string node_name) {
  const auto client = access.make_client();
  if (!client) co_return client.error();
  const auto checked = co_await check_token(**client, node_name);
  if (!checked) co_return checked.error();
  // A simulated node's pods have addresses of their own.
  if (options_.node.runtime == RuntimeKind::kOci) co_await choose_pod_cidr(**client, node_name);
  co_return Result<void>();
}

Task<void> AgentProcess::choose_pod_cidr(api::Client& client, std::string node_name) {
  if (options_.node.pod_cidr.empty()) options_.node.pod_cidr = remembered_pod_cidr(directory_);
  for (unsigned failures = 0; options_.node.pod_cidr.empty() && !stopping_;) {
    const auto given = co_await ask_for_pod_cidr(client, node_name);
    std::chrono::nanoseconds delay = kAskAgainDelay;
    if (given) {
      options_.node.pod_cidr = *given;
      if (!given->empty()) break;
    } else {
      spdlog::warn("{}", given.error().message);
      delay = api::exponential_delay(kBaseRetryDelay, kMaxRetryDelay, failures++);
    }
    co_await pause(delay);
  }
}

Result<void> AgentProcess::listen(const ServerAccess& access, const std::string& node_name) {
  const Subject subject{"system:node:" + node_name, {"system:nodes"}};
  auto identity = make_ca(subject, clock_.now(), kCertificateLifetime);
  if (!identity) return identity.error();
  auto fingerprint = api::certificate_fingerprint(identity->certificate);
  if (!fingerprint) return fingerprint.error();
  HttpServerOptions http;
  http.address = options_.address;
  http.port = options_.port;
  http.tls = TlsOptions{identity->certificate, identity->key, access.authority};
  kubelet_ = std::make_unique<HttpServer>(kubelet_threads_.executor(), kubelet_api_, clock_, std::move(http));
  if (auto started = kubelet_->start(); !started) {
    kubelet_.reset();
    return started.error();
  }
  presence_.lease_duration = std::chrono::seconds(options_.lease_duration_seconds);
  presence_.kubelet_port = kubelet_->port();
  presence_.certificate_fingerprint = std::move(*fingerprint);
  return {};
}

Result<void> AgentProcess::open_nodes(const ServerAccess& access) {
  auto client = access.make_client();
  if (!client) return client.error();
  auto opened = Nodes::open(options_.node, directory_, clock_, std::move(*client), presence_);
  if (!opened) return opened.error();
  nodes_ = std::move(*opened);
  kubelet_api_.set_service(nodes_->service());
  return {};
}

Task<Result<void>> AgentProcess::start() {
  const auto names = Nodes::names(options_.node);
  if (!names) co_return names.error();
  const std::string node_name = names->empty() ? "" : names->front();
  const auto access = co_await reach_server();
  if (!access) co_return access.error();
  if (!*access) co_return Result<void>();
  const auto introduced = co_await introduce(**access, node_name);
  if (!introduced || stopping_) co_return introduced;
  if (auto listening = listen(**access, node_name); !listening) co_return listening.error();
  if (auto opened = open_nodes(**access); !opened) co_return opened.error();
  const auto started = co_await nodes_->start();
  if (!started) co_return started.error();
  const Json line = {{"ready", true}, {"server", options_.server}, {"nodes", *names}, {"pid", getpid()}};
  std::cout << to_json_text(line) << std::endl;
  co_return Result<void>();
}

Task<void> AgentProcess::finish() {
  if (nodes_) co_await nodes_->stop();
  kubelet_api_.set_service(nullptr);
  if (kubelet_) co_await kubelet_->stop();
  boost::system::error_code ignored;
  signals_.cancel(ignored);
}

Task<Result<void>> AgentProcess::run() {
  // Containers that the nodes adopted live on whatever happens here.
  stop_on_signal();
  const auto started = co_await start();
  while (started && !stopping_) co_await stop_.wait();
  co_await finish();
  co_return started;
}

}  // namespace

int run_agent(const JoinOptions& options) {
  if (!init_logging(options.global.log_level, options.global.log_format)) {
    return fail("unknown log level " + options.global.log_level);
  }
  prepare_process();
  const auto directory = DataDirectory::open(options.data_directory);
  if (!directory) return fail(directory.error().message);
  asio::io_context context(1);
  Result<void> ended = Error{};
  {
    AgentProcess process(options, *directory, context);
    asio::co_spawn(context, process.run(), [&ended](const std::exception_ptr& exception, Result<void> result) {
      if (exception) std::rethrow_exception(exception);
      ended = std::move(result);
    });
    context.run();
  }
  if (!ended) return fail(ended.error().message);
  if (options.remove_on_exit) {
    if (const auto cleaned = clean_node(*directory); !cleaned) return fail(cleaned.error().message);
  }
  return 0;
}

}  // namespace skiff::server
