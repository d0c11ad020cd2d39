#pragma once

#include "api/node_service.h"
#include "server/http/http.h"
#include "server/streaming/process_client.h"

#include <functional>
#include <memory>

namespace skiff::server {

// An exec or attach over a connection that has been handed over: opens the client's streams, starts the process, and
// carries what both say until one of them ends. A client that goes takes its process with it; a process that ends is
// told of with upstream's Status. Who does not read makes the other wait.
class ProcessSession final : public Upgrade {
 public:
  using MakeClient = std::function<std::unique_ptr<ProcessClient>(asio::any_io_executor executor, ByteStream& stream)>;

  // `node` is kept: `start` is its own. `failure` introduces why the process could not be started ("error executing
  // command in container").
  ProcessSession(std::shared_ptr<api::NodeService> node, api::StartProcess start, std::string failure,
                 std::vector<std::string> command, MakeClient make_client);

  Task<void> run(ByteStream& stream) override;
  void cancel() override;

 private:
  Task<void> serve(ProcessClient& client);
  Task<void> converse(ProcessClient& client, api::ProcessStreams& process);
  // What the client says, to the process.
  Task<void> feed(ProcessClient& client, api::ProcessStreams& process);

  const std::shared_ptr<api::NodeService> node_;
  const api::StartProcess start_;
  const std::string failure_;
  const std::vector<std::string> command_;
  const MakeClient make_client_;
  ProcessClient* client_ = nullptr;
  api::ProcessStreams* process_ = nullptr;
  bool client_gone_ = false;
  bool cancelled_ = false;
};

}  // namespace skiff::server
