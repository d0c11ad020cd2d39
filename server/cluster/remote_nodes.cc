#include "server/cluster/remote_nodes.h"

#include "api/base/log.h"
#include "api/client/http/http_connection.h"
#include "api/client/http/tls.h"
#include "api/views/meta.h"
#include "nodeagent/node_presence.h"
#include "server/cluster/kubelet_api.h"
#include "server/registry/registry.h"

namespace skiff::server {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{30};
constexpr std::size_t kMaxErrorBytes = 64 * 1024;

// The body of an answer as bytes over time.
class HttpBytes final : public api::ByteStream {
 public:
  explicit HttpBytes(std::unique_ptr<api::HttpConnection> connection) : connection_(std::move(connection)) {}

  Task<api::Result<std::optional<std::string>>> next() override {
    api::Result<std::string> piece = co_await connection_->read_some();
    if (!piece) co_return piece.error();
    std::optional<std::string> bytes;
    if (!piece->empty()) bytes = std::move(*piece);
    co_return bytes;
  }

  void cancel() override { connection_->close(); }

 private:
  std::unique_ptr<api::HttpConnection> connection_;
};

// The Status that an unsuccessful answer carries.
Task<api::Status> read_error(api::HttpConnection& connection, int status) {
  std::string body;
  while (body.size() < kMaxErrorBytes) {
    const api::Result<std::string> piece = co_await connection.read_some();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    body += *piece;
  }
  auto parsed = parse_json(body);
  co_return api::status_from_json(parsed ? parsed->value : Json(body), status);
}

class RemoteNode final : public api::NodeService {
 public:
  RemoteNode(api::Endpoint endpoint, std::shared_ptr<boost::asio::ssl::context> tls)
      : endpoint_(std::move(endpoint)), tls_(std::move(tls)) {}

  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod, api::LogOptions options) override {
    const auto deadline = std::chrono::steady_clock::now() + kAnswerTimeout;
    auto connection = co_await api::HttpConnection::open(endpoint_, tls_, deadline);
    if (!connection) co_return connection.error();
    api::HttpRequest request;
    request.target = container_logs_target(pod, options);
    const api::Result<int> status = co_await (*connection)->send(std::move(request));
    if (!status) co_return status.error();
    if (*status != 200) co_return co_await read_error(**connection, *status);
    (*connection)->set_deadline(api::HttpConnection::Deadline::max());
    std::unique_ptr<api::ByteStream> bytes = std::make_unique<HttpBytes>(std::move(*connection));
    co_return bytes;
  }
  Task<api::Result<api::StartProcess>> exec(api::NamespacedName, api::ExecOptions) override { co_return unreachable(); }
  Task<api::Result<api::StartProcess>> attach(api::NamespacedName, api::ExecOptions) override {
    co_return unreachable();
  }
  Task<api::Result<api::OpenPort>> port_forward(api::NamespacedName) override { co_return unreachable(); }

 private:
  // The agent's HTTPS interface has logs only.
  static api::Status unreachable() {
    return api::unavailable("exec, attach and port-forward reach only pods on nodes in the server's own process");
  }

  const api::Endpoint endpoint_;
  const std::shared_ptr<boost::asio::ssl::context> tls_;
};

// The node's address inside the cluster's network; "" when it has none.
std::string internal_address(const Json& node) {
  const Json* addresses = find(node, {"status", "addresses"});
  if (addresses == nullptr || !addresses->is_array()) return "";
  for (const Json& address : *addresses) {
    if (string_at(address, {"type"}) == "InternalIP") return string_at(address, {"address"});
  }
  return "";
}

}  // namespace

std::shared_ptr<api::NodeService> RemoteNodes::find(std::string_view node_name) {
  const api::NamespacedName name{"", std::string(node_name)};
  const ServedKind kind = registry_.kinds().find(api::kNodes);
  const auto record = registry_.get(kind, name);
  if (!record) return nullptr;
  const auto node = registry_.object(kind, *record);
  if (!node) return nullptr;
  const std::string* fingerprint = api::annotation_of(**node, nodeagent::kCertificateAnnotation);
  const auto port = integer_at(**node, {"status", "daemonEndpoints", "kubeletEndpoint", "Port"});
  api::Endpoint endpoint{internal_address(**node), static_cast<std::uint16_t>(port)};
  if (fingerprint == nullptr || endpoint.host.empty() || port <= 0 || port > 65535) return nullptr;

  api::ClientTlsOptions options;
  options.server_fingerprint = *fingerprint;
  options.certificate = identity_.certificate;
  options.private_key = identity_.key;
  auto tls = api::make_client_context(options);
  if (!tls) {
    spdlog::error("node {}: {}", node_name, tls.error().message);
    return nullptr;
  }
  return std::make_shared<RemoteNode>(std::move(endpoint), std::move(*tls));
}

}  // namespace skiff::server
