#pragma once

#include "nodeagent/probes/checks.h"
#include "nodeagent/probes/http_transfers.h"
#include "nodeagent/runtime/runtime.h"

#include <set>

namespace skiff::nodeagent {

// Checks of real pods: commands in their containers, connections from the node to their addresses.
class NodeChecks final : public Checks {
 public:
  // `runtime` must outlive this.
  NodeChecks(Runtime& runtime, asio::any_io_executor executor);
  ~NodeChecks() override;

  Task<CheckResult> run(Check check, std::chrono::seconds timeout) override;
  void stop() override;

 private:
  class Connection;

  Task<CheckResult> run_command(ExecCheck check, std::chrono::seconds timeout);
  Task<CheckResult> get(HttpCheck check, std::chrono::seconds timeout);
  Task<CheckResult> connect(TcpCheck check, std::chrono::seconds timeout);
  Task<CheckResult> ask_health(GrpcCheck check, std::chrono::seconds timeout);

  Runtime& runtime_;
  asio::any_io_executor executor_;
  HttpTransfers transfers_;
  std::set<Connection*> connections_;  // of connect()
  bool stopped_ = false;
};

}  // namespace skiff::nodeagent
