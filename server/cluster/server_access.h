#pragma once

#include "api/base/result.h"
#include "api/base/task.h"
#include "api/client.h"
#include "api/client/http/endpoint.h"
#include "server/cli/data_directory.h"
#include "server/cli/options.h"

#include <memory>
#include <string>

namespace skiff::server {

// What an agent needs to know before it can ask its server for anything.
struct ServerAccess {
  api::Endpoint endpoint;
  std::string authority;  // PEM: the server's certificate here and its client certificate there are signed by it
  std::string token;

  [[nodiscard]] Result<std::unique_ptr<api::Client>> make_client() const;
};

// From the options: reads the authority's file, or asks the server for the authority that the hash means, and remembers
// it in the directory for starts without the server. kUnavailable: neither server nor memory; it may work later.
Task<Result<ServerAccess>> find_server(const JoinOptions& options, const DataDirectory& directory);

// kPermissionDenied when the server refuses the client's token. A server that does not answer refuses nothing.
Task<Result<void>> check_token(api::Client& client, std::string node_name);

// The addresses of the node's pods, which the server chooses: makes the Node where it is missing. "" when they have not
// been chosen yet.
Task<api::Result<std::string>> ask_for_pod_cidr(api::Client& client, std::string node_name);

}  // namespace skiff::server
