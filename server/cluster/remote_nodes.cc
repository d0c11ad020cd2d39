#include "server/cluster/remote_nodes.h"

#include "api/base/log.h"
#include "api/base/text.h"
#include "api/client/http/http_connection.h"
#include "api/client/http/tls.h"
#include "api/views/meta.h"
#include "api/views/node.h"
#include "nodeagent/node_presence.h"
#include "server/cluster/kubelet_api.h"
#include "server/cluster/relay_session.h"
#include "server/registry/registry.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{30};
// metrics-server's, which asks many nodes for one answer.
constexpr std::chrono::seconds kUsageTimeout{10};
constexpr std::size_t kMaxErrorBytes = 64 * 1024;
constexpr std::size_t kMaxUsageBytes = 16 * 1024 * 1024;
constexpr std::size_t kMaxMetricsBytes = std::size_t{4} << 20;

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

// The body of an answer, which is not that long.
Task<api::Result<std::string>> read_body(api::HttpConnection& connection, std::size_t max_bytes = kMaxErrorBytes) {
  std::string body;
  while (body.size() < max_bytes) {
    const api::Result<std::string> piece = co_await connection.read_some();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    body += *piece;
  }
  co_return body;
}

// What both sides must know of each other's before the protocol changes, or when it does not.
constexpr std::string_view kAskedHeaders[] = {"Connection",
                                              "Upgrade",
                                              "X-Stream-Protocol-Version",
                                              "Sec-WebSocket-Key",
                                              "Sec-WebSocket-Version",
                                              "Sec-WebSocket-Protocol"};
constexpr std::string_view kAnsweredHeaders[] = {"Connection",
                                                 "Upgrade",
                                                 "Content-Type",
                                                 "X-Stream-Protocol-Version",
                                                 "Sec-WebSocket-Accept",
                                                 "Sec-WebSocket-Version",
                                                 "Sec-WebSocket-Protocol"};

api::HttpRequest upgrade_request(const StreamRequest& asked) {
  api::HttpRequest request;
  request.method = asked.request.method;
  request.target = stream_target(asked);
  for (const auto& [name, value] : asked.request.headers.all()) {
    const auto is_same = [&name = name](std::string_view each) { return equal_ignoring_case(each, name); };
    if (std::any_of(std::begin(kAskedHeaders), std::end(kAskedHeaders), is_same))
      request.headers.emplace_back(name, value);
  }
  return request;
}

class RemoteNode final : public NodeAccess {
 public:
  RemoteNode(api::Endpoint endpoint, std::shared_ptr<boost::asio::ssl::context> tls)
      : endpoint_(std::move(endpoint)), tls_(std::move(tls)) {}

  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod, api::LogOptions options) override {
    api::HttpRequest request;
    request.target = container_logs_target(pod, options);
    auto answer = co_await ask(std::move(request));
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return co_await read_error(*answer);
    answer->connection->set_deadline(api::HttpConnection::Deadline::max());
    std::unique_ptr<api::ByteStream> bytes = std::make_unique<HttpBytes>(std::move(answer->connection));
    co_return bytes;
  }

  Task<api::Result<Response>> open_stream(StreamRequest asked) override {
    auto answer = co_await ask(upgrade_request(asked));
    if (!answer) co_return unreachable(answer.error());
    Response response;
    response.status = answer->status;
    for (const std::string_view name : kAnsweredHeaders) {
      std::string value = answer->connection->header(name);
      if (!value.empty()) response.headers.set(name, std::move(value));
    }
    if (answer->status == 101) {
      answer->connection->set_deadline(api::HttpConnection::Deadline::max());
      response.upgrade = std::make_unique<RelaySession>(std::move(answer->connection));
      co_return std::move(response);
    }
    auto body = co_await read_body(*answer->connection);
    if (!body) co_return unreachable(body.error());
    response.body.push_back(Slice::of(std::move(*body)));
    co_return std::move(response);
  }

  Task<api::Result<api::NodeUsage>> usage(std::string node_name) override {
    api::HttpRequest request;
    request.target = usage_target(node_name);
    auto answer = co_await ask(std::move(request), kUsageTimeout);
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return co_await read_error(*answer);
    const auto body = co_await read_body(*answer->connection, kMaxUsageBytes);
    if (!body) co_return body.error();
    co_return parse_usage(*body);
  }

  Task<api::Result<std::string>> metrics(std::string node_name) override {
    api::HttpRequest request;
    request.target = metrics_target(node_name);
    auto answer = co_await ask(std::move(request));
    if (!answer) co_return answer.error();
    if (answer->status != 200) co_return co_await read_error(*answer);
    co_return co_await read_body(*answer->connection, kMaxMetricsBytes);
  }

 private:
  struct Answer {
    std::unique_ptr<api::HttpConnection> connection;  // with the body still to be read
    int status = 0;
  };

  // The Status that an unsuccessful answer carries.
  static Task<api::Status> read_error(Answer& answer) {
    const auto body = co_await read_body(*answer.connection);
    if (!body) co_return body.error();
    auto parsed = parse_json(*body);
    co_return api::status_from_json(parsed ? parsed->value : Json(*body), answer.status);
  }

  Task<api::Result<Answer>> ask(api::HttpRequest request, std::chrono::seconds timeout = kAnswerTimeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    auto connection = co_await api::HttpConnection::open(endpoint_, tls_, deadline);
    if (!connection) co_return connection.error();
    const api::Result<int> status = co_await (*connection)->send(std::move(request));
    if (!status) co_return status.error();
    Answer answer{std::move(*connection), *status};
    co_return std::move(answer);
  }

  // In upstream's words.
  static api::Status unreachable(const api::Status& why) {
    api::Status status;
    status.message = "error dialing backend: " + why.message;
    return status;
  }

  const api::Endpoint endpoint_;
  const std::shared_ptr<boost::asio::ssl::context> tls_;
};

// The node's address inside the cluster's network; "" when it has none.
}  // namespace

std::shared_ptr<NodeAccess> RemoteNodes::find(std::string_view node_name) {
  const api::NamespacedName name{"", std::string(node_name)};
  const ServedKind kind = registry_.kinds().find(api::kNodes);
  const auto record = registry_.get(kind, name);
  if (!record) return nullptr;
  const auto node = registry_.object(kind, *record);
  if (!node) return nullptr;
  const std::string* fingerprint = api::annotation_of(**node, nodeagent::kCertificateAnnotation);
  const auto port = integer_at(**node, {"status", "daemonEndpoints", "kubeletEndpoint", "Port"});
  api::Endpoint endpoint{api::node_address(**node, "InternalIP"), static_cast<std::uint16_t>(port)};
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
