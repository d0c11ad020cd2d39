#include "server/handlers/parameters.h"
#include "server/handlers/pod_container.h"
#include "server/handlers/responses.h"
#include "server/handlers/verbs.h"
#include "server/streaming/port_forward_session.h"
#include "server/streaming/process_session.h"
#include "server/streaming/spdy_process_client.h"
#include "server/streaming/upgrade_request.h"
#include "server/streaming/websocket.h"
#include "server/streaming/websocket_process_client.h"

namespace skiff::server {
namespace {

using PrepareProcess = Task<api::Result<api::StartProcess>> (api::NodeService::*)(api::NamespacedName,
                                                                                  api::ExecOptions);

// What to do of exec and attach, which differ in little.
struct ProcessVerb {
  PrepareProcess prepare;
  const char* failure;  // upstream's words for a process that could not be reached
};

struct PodOnNode {
  Json pod;
  std::string container;
  std::shared_ptr<api::NodeService> node;
};

constexpr std::string_view kSpdyProcessProtocols[] = {"v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io",
                                                      "channel.k8s.io"};
constexpr std::string_view kWebSocketProcessProtocols[] = {"v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"};
constexpr std::string_view kSpdyPortProtocols[] = {"portforward.k8s.io"};
constexpr std::string_view kWebSocketPortProtocols[] = {"SPDY/3.1+portforward.k8s.io"};

// The pod of the request with what must be known to find its node; `with_container`: and one of its containers.
api::Result<PodOnNode> find_pod(const ResourceCall& call, bool with_container) {
  const api::Result<store::RecordPtr> record = call.registry.get(call.kind, call.name());
  if (!record) return record.error();
  PodOnNode result;
  result.pod = Json::parse((*record)->value, nullptr, false);
  if (with_container) {
    const std::string asked = call.request.query_value("container").value_or("");
    api::Result<std::string> container = choose_container(result.pod, call.info.name, asked);
    if (!container) return container.error();
    result.container = std::move(*container);
  }
  const std::string node_name = string_at(result.pod, {"spec", "nodeName"});
  if (node_name.empty()) return api::bad_request("pod " + call.info.name + " does not have a host assigned");
  result.node = call.parts.nodes.find(node_name);
  if (!result.node) return api::not_found("", "nodes", node_name);
  if (requested_upgrade(call.request.headers) == UpgradeKind::kNone) {
    return api::bad_request("Upgrade request required");
  }
  return result;
}

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

std::vector<std::string> command_of(const Request& request) {
  std::vector<std::string> command;
  for (const auto& [name, value] : request.query) {
    if (name == "command") command.push_back(value);
  }
  return command;
}

// What a kubelet says of itself passes through the API server as it is, as text.
Response node_says(const api::Status& status) { return text_response(status.code(), status.message); }

Response no_common_protocol(const std::vector<std::string>& offered, Protocols spoken) {
  const auto bracketed = [](const auto& protocols) {
    std::string text = "[";
    for (const auto& protocol : protocols) {
      if (text.size() > 1) text += ' ';
      text += protocol;
    }
    return text + "]";
  };
  std::string text = "unable to upgrade: unable to negotiate protocol: client supports " + bracketed(offered);
  text += ", server accepts " + bracketed(spoken);
  Response response = text_response(403, std::move(text));
  for (const std::string_view protocol : spoken) {
    response.headers.add("X-Accepted-Stream-Protocol-Versions", std::string(protocol));
  }
  return response;
}

Response switch_protocol(const char* protocol, std::unique_ptr<Upgrade> upgrade) {
  Response response;
  response.status = 101;
  response.headers.set("Connection", "Upgrade");
  response.headers.set("Upgrade", protocol);
  response.upgrade = std::move(upgrade);
  return response;
}

Response switch_to_spdy(const std::string& protocol, std::unique_ptr<Upgrade> upgrade) {
  Response response = switch_protocol("SPDY/3.1", std::move(upgrade));
  if (!protocol.empty()) response.headers.set(kSpdyProtocolHeader, protocol);
  return response;
}

Response switch_to_websocket(const Headers& request, const std::string& protocol, std::unique_ptr<Upgrade> upgrade) {
  const std::string key = request.get("Sec-WebSocket-Key");
  if (key.empty() || request.get("Sec-WebSocket-Version") != "13") {
    Response refused = text_response(400, "a Sec-WebSocket-Key and Sec-WebSocket-Version 13 are needed");
    refused.headers.set("Sec-WebSocket-Version", "13");
    return refused;
  }
  Response response = switch_protocol("websocket", std::move(upgrade));
  response.headers.set("Sec-WebSocket-Accept", websocket_accept(key));
  if (!protocol.empty()) response.headers.set(kWebSocketProtocolHeader, protocol);
  return response;
}

VerbResult connect_process(ResourceCall& call, ProcessVerb verb) {
  api::Result<PodOnNode> target = find_pod(call, true);
  if (!target) co_return target.error();
  const Headers& headers = call.request.headers;
  const bool websocket = requested_upgrade(headers) == UpgradeKind::kWebSocket;
  const auto offered = offered_protocols(headers, websocket ? kWebSocketProtocolHeader : kSpdyProtocolHeader);
  const Protocols spoken = websocket ? Protocols(kWebSocketProcessProtocols) : Protocols(kSpdyProcessProtocols);
  const std::optional<std::string> protocol = negotiate(offered, spoken);
  if (!protocol) co_return no_common_protocol(offered, spoken);
  const WantedStreams wanted = wanted_streams(call.request);
  if (!wanted.input && !wanted.output && !wanted.errors) {
    co_return text_response(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  api::ExecOptions options;
  options.container = target->container;
  options.command = command_of(call.request);
  options.input = wanted.input;
  options.terminal = wanted.terminal;
  std::vector<std::string> command = options.command;
  api::NodeService& node = *target->node;
  auto preparing = (node.*verb.prepare)(call.name(), std::move(options));
  api::Result<api::StartProcess> start = co_await std::move(preparing);
  if (!start) co_return node_says(start.error());

  ProcessSession::MakeClient make_client;
  if (websocket) {
    make_client = [wanted, protocol](asio::any_io_executor executor, ByteStream& stream) {
      return std::make_unique<WebSocketProcessClient>(std::move(executor), stream, wanted, *protocol);
    };
  } else {
    make_client = [wanted, protocol](asio::any_io_executor executor, ByteStream& stream) {
      return std::make_unique<SpdyProcessClient>(std::move(executor), stream, wanted, *protocol);
    };
  }
  auto session = std::make_unique<ProcessSession>(target->node, std::move(*start), verb.failure, std::move(command),
                                                  std::move(make_client));
  if (websocket) co_return switch_to_websocket(headers, *protocol, std::move(session));
  co_return switch_to_spdy(*protocol, std::move(session));
}

}  // namespace

VerbResult connect_exec(ResourceCall& call) {
  return connect_process(call, {&api::NodeService::exec, "error executing command in container"});
}

VerbResult connect_attach(ResourceCall& call) {
  return connect_process(call, {&api::NodeService::attach, "error attaching to container"});
}

VerbResult connect_port_forward(ResourceCall& call) {
  api::Result<PodOnNode> target = find_pod(call, false);
  if (!target) co_return target.error();
  const Headers& headers = call.request.headers;
  const bool websocket = requested_upgrade(headers) == UpgradeKind::kWebSocket;
  const auto offered = offered_protocols(headers, websocket ? kWebSocketProtocolHeader : kSpdyProtocolHeader);
  const Protocols spoken = websocket ? Protocols(kWebSocketPortProtocols) : Protocols(kSpdyPortProtocols);
  const std::optional<std::string> protocol = negotiate(offered, spoken);
  // There is one WebSocket form only, so that it must be named.
  if (!protocol || (websocket && protocol->empty())) co_return no_common_protocol(offered, spoken);
  api::Result<api::OpenPort> open_port = co_await target->node->port_forward(call.name());
  if (!open_port) co_return node_says(open_port.error());
  auto session = std::make_unique<PortForwardSession>(target->node, std::move(*open_port), websocket);
  if (websocket) co_return switch_to_websocket(headers, *protocol, std::move(session));
  co_return switch_to_spdy(*protocol, std::move(session));
}

}  // namespace skiff::server
