#include "api/go_syntax.h"
#include "server/handlers/node_access.h"
#include "server/handlers/parameters.h"
#include "server/handlers/responses.h"
#include "server/handlers/switch_protocol.h"
#include "server/http/upgrade_request.h"
#include "server/streaming/port_forward_session.h"
#include "server/streaming/process_session.h"
#include "server/streaming/spdy_process_client.h"
#include "server/streaming/websocket_port_session.h"
#include "server/streaming/websocket_process_client.h"

#include <algorithm>

// Where exec, attach and port-forward are answered: next to the node, whichever process that is in.
namespace skiff::server {
namespace {

// What is spoken inside of either kind of connection.
struct Spoken {
  Protocols over_spdy;
  Protocols over_websocket;
};

constexpr std::string_view kSpdyProcessProtocols[] = {"v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io",
                                                      "channel.k8s.io"};
constexpr std::string_view kWebSocketProcessProtocols[] = {
    "v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io"};
constexpr std::string_view kSpdyPortProtocols[] = {"portforward.k8s.io"};
// SPDY inside of a WebSocket.
constexpr std::string_view kTunneledPortProtocol = "SPDY/3.1+portforward.k8s.io";
constexpr std::string_view kTextPortProtocol = "v4.base64.channel.k8s.io";
constexpr std::string_view kWebSocketPortProtocols[] = {kTunneledPortProtocol, "v4.channel.k8s.io", kTextPortProtocol};
constexpr Spoken kSpokenToProcesses{kSpdyProcessProtocols, kWebSocketProcessProtocols};
constexpr Spoken kSpokenToPorts{kSpdyPortProtocols, kWebSocketPortProtocols};

// How a connection goes on, if it does.
struct Agreement {
  bool websocket = false;
  std::string protocol;  // "" when the client named none, which stands for the oldest one
  std::optional<Response> refusal;
};

// Upstream gives output and errors to who asks for nothing in particular.
WantedStreams wanted_streams(const Request& request) {
  WantedStreams wanted;
  wanted.input = is_true(request.query_value("stdin"));
  wanted.output = is_true(request.query_value("stdout"));
  wanted.errors = is_true(request.query_value("stderr"));
  wanted.terminal = is_true(request.query_value("tty"));
  const bool says_something =
      request.query_value("stdin") || request.query_value("stdout") || request.query_value("stderr");
  if (!says_something) wanted.output = wanted.errors = true;
  // A terminal has one output.
  if (wanted.terminal) wanted.errors = false;
  return wanted;
}

// What a kubelet says of itself passes through the API server as it is, as text.
Response node_says(const api::Status& status) { return text_response(status.code(), status.message); }

Response no_common_protocol(const std::vector<std::string>& offered, Protocols spoken) {
  std::string text = "unable to upgrade: unable to negotiate protocol: client supports " + api::go_words(offered);
  text += ", server accepts " + api::go_words(spoken);
  Response response = text_response(403, std::move(text));
  for (const std::string_view protocol : spoken) {
    response.headers.add("X-Accepted-Stream-Protocol-Versions", std::string(protocol));
  }
  return response;
}

Agreement agree(const Headers& headers, const Spoken& spoken) {
  Agreement agreement;
  agreement.websocket = requested_upgrade(headers) == UpgradeKind::kWebSocket;
  const auto offered = offered_protocols(headers, agreement.websocket ? kWebSocketProtocolHeader : kSpdyProtocolHeader);
  const Protocols ours = agreement.websocket ? spoken.over_websocket : spoken.over_spdy;
  std::optional<std::string> protocol = negotiate(offered, ours);
  if (!protocol) {
    agreement.refusal = no_common_protocol(offered, ours);
  } else {
    agreement.protocol = std::move(*protocol);
  }
  return agreement;
}

// Why the kubelet does not take the ports that are asked for over the channels of a WebSocket.
std::optional<std::string> ports_refusal(const std::vector<std::uint16_t>& ports) {
  if (ports.empty()) return "query parameter \"port\" is required";
  if (std::find(ports.begin(), ports.end(), 0) != ports.end()) return "port \"0\" must be > 0";
  if (ports.size() > WebSocketPortSession::kMaxPorts) return "too many ports";
  return std::nullopt;
}

ProcessSession::MakeClient client_maker(bool websocket, WantedStreams wanted, std::string protocol) {
  if (websocket) {
    return [wanted, protocol](asio::any_io_executor executor, ByteStream& stream) {
      return std::make_unique<WebSocketProcessClient>(std::move(executor), stream, wanted, protocol);
    };
  }
  return [wanted, protocol](asio::any_io_executor executor, ByteStream& stream) {
    return std::make_unique<SpdyProcessClient>(std::move(executor), stream, wanted, protocol);
  };
}

class LocalAccess final : public NodeAccess {
 public:
  explicit LocalAccess(std::shared_ptr<api::NodeService> service) : service_(std::move(service)) {}

  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod, api::LogOptions options) override {
    return service_->logs(std::move(pod), std::move(options));
  }

  Task<api::Result<Response>> open_stream(StreamRequest asked) override {
    return asked.kind == StreamKind::kPortForward ? open_ports(std::move(asked)) : open_process(std::move(asked));
  }

  Task<api::Result<api::NodeUsage>> usage(std::string node_name) override {
    return service_->usage(std::move(node_name));
  }

  Task<api::Result<std::string>> metrics(std::string node_name) override {
    return service_->metrics(std::move(node_name));
  }

 private:
  Task<api::Result<Response>> open_process(StreamRequest asked);
  Task<api::Result<Response>> open_ports(StreamRequest asked);

  const std::shared_ptr<api::NodeService> service_;
};

Task<api::Result<Response>> LocalAccess::open_process(StreamRequest asked) {
  const Headers& headers = asked.request.headers;
  Agreement agreement = agree(headers, kSpokenToProcesses);
  if (agreement.refusal) co_return std::move(*agreement.refusal);
  const bool websocket = agreement.websocket;
  const std::string protocol = std::move(agreement.protocol);
  const WantedStreams wanted = wanted_streams(asked.request);
  if (!wanted.input && !wanted.output && !wanted.errors) {
    co_return text_response(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  api::ExecOptions options;
  options.container = asked.container;
  options.command = values_of(asked.request, "command");
  options.input = wanted.input;
  options.terminal = wanted.terminal;
  std::vector<std::string> command = options.command;
  const bool attaches = asked.kind == StreamKind::kAttach;
  auto preparing =
      attaches ? service_->attach(asked.pod, std::move(options)) : service_->exec(asked.pod, std::move(options));
  api::Result<api::StartProcess> start = co_await std::move(preparing);
  if (!start) co_return node_says(start.error());
  // Upstream's words for a process that could not be reached.
  const char* failure = attaches ? "error attaching to container" : "error executing command in container";
  auto session = std::make_unique<ProcessSession>(service_, std::move(*start), failure, std::move(command),
                                                  client_maker(websocket, wanted, protocol));
  if (websocket) co_return switch_to_websocket(headers, protocol, std::move(session));
  co_return switch_to_spdy(protocol, std::move(session));
}

Task<api::Result<Response>> LocalAccess::open_ports(StreamRequest asked) {
  const Headers& headers = asked.request.headers;
  Agreement agreement = agree(headers, kSpokenToPorts);
  if (agreement.refusal) co_return std::move(*agreement.refusal);
  const bool websocket = agreement.websocket;
  const std::string protocol = std::move(agreement.protocol);
  api::Result<std::vector<std::uint16_t>> ports = ports_query(asked.request);
  if (!ports) co_return ports.error();
  const bool by_channels = websocket && protocol != kTunneledPortProtocol;
  if (by_channels) {
    if (auto refusal = ports_refusal(*ports)) co_return text_response(400, std::move(*refusal));
  }
  api::Result<api::OpenPort> open_port = co_await service_->port_forward(asked.pod);
  if (!open_port) co_return node_says(open_port.error());
  std::unique_ptr<Upgrade> session;
  if (by_channels) {
    session = std::make_unique<WebSocketPortSession>(service_, std::move(*open_port), std::move(*ports),
                                                     protocol == kTextPortProtocol);
  } else {
    session = std::make_unique<PortForwardSession>(service_, std::move(*open_port), websocket);
  }
  if (websocket) co_return switch_to_websocket(headers, protocol, std::move(session));
  co_return switch_to_spdy(protocol, std::move(session));
}

}  // namespace

std::shared_ptr<NodeAccess> make_local_access(std::shared_ptr<api::NodeService> service) {
  return std::make_shared<LocalAccess>(std::move(service));
}

}  // namespace skiff::server
