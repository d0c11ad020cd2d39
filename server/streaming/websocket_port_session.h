#pragma once

#include "api/node_service.h"
#include "server/http/http.h"
#include "server/streaming/websocket_channels.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace skiff::server {

// Ports of a pod over the channels of one WebSocket (python3-kubernetes, @kubernetes/client-node and others; kubectl
// has PortForwardSession). The n-th port has channel 2n for its bytes both ways and 2n+1 for why it could not be; both
// begin with the port's number, two bytes, the low one first. Each port is connected to once, at once. Nothing tells
// the client that the pod has closed one of several; when it has closed all, the WebSocket ends.
class WebSocketPortSession final : public Upgrade {
 public:
  // A channel is a byte, and 255 is none.
  static constexpr std::size_t kMaxPorts = 127;

  // `node` is kept: `open_port` is its own. Between one and kMaxPorts ports.
  WebSocketPortSession(std::shared_ptr<api::NodeService> node, api::OpenPort open_port,
                       std::vector<std::uint16_t> ports, bool base64);
  ~WebSocketPortSession() override;

  Task<void> run(ByteStream& stream) override;
  void cancel() override;

 private:
  struct Port;

  // What the client says, to its ports.
  Task<void> listen();
  void take(std::uint8_t channel, std::string bytes);
  Task<bool> name_ports();
  Task<void> forward(Port& port);
  // What the pod says, to the client, until one of them has said all.
  Task<void> carry_out(Port& port);
  // What the client says, to the pod.
  Task<void> carry_in(Port& port);
  // Nobody waits for the pod any more, and what the client still says is dropped.
  void end(Port& port);
  void end_all();

  const std::shared_ptr<api::NodeService> node_;
  const api::OpenPort open_port_;
  const std::vector<std::uint16_t> numbers_;
  const bool base64_;
  std::vector<std::unique_ptr<Port>> ports_;
  WebSocketChannels* channels_ = nullptr;
};

}  // namespace skiff::server
