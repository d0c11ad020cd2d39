#pragma once

#include "api/node_service.h"
#include "server/http/http.h"
#include "server/streaming/spdy_connection.h"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace skiff::server {

// kubectl port-forward over a connection that has been handed over. For each connection to one of its local ports the
// client opens two streams with the same "requestid": "data" carries the bytes both ways, "error" tells why it could
// not be.
class PortForwardSession final : public Upgrade {
 public:
  // `node` is kept: `open_port` is its own. `tunneled`: the SPDY connection is inside of a WebSocket.
  PortForwardSession(std::shared_ptr<api::NodeService> node, api::OpenPort open_port, bool tunneled);
  ~PortForwardSession() override;

  Task<void> run(ByteStream& stream) override;
  void cancel() override;

 private:
  struct Forwarding;

  Task<void> serve(ByteStream& stream);
  void accept(const std::shared_ptr<SpdyStream>& stream);
  // Of a pair whose one stream the client has reset, the other will not come.
  void forget_given_up();
  Task<void> refuse(std::shared_ptr<SpdyStream> stream);
  Task<void> forward(std::shared_ptr<Forwarding> forwarding);
  // What the pod says, to the client, until one of them has said all.
  Task<void> carry_out(std::shared_ptr<Forwarding> forwarding);
  // What the client says, to the pod.
  Task<void> carry_in(std::shared_ptr<Forwarding> forwarding);

  const std::shared_ptr<api::NodeService> node_;
  const api::OpenPort open_port_;
  const bool tunneled_;
  asio::any_io_executor executor_;
  ByteStream* stream_ = nullptr;
  SpdyConnection* connection_ = nullptr;
  TaskGroup* tasks_ = nullptr;
  std::map<std::string, std::shared_ptr<Forwarding>> half_open_;  // by request id
  std::set<std::shared_ptr<Forwarding>> open_;
};

}  // namespace skiff::server
