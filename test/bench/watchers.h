#pragma once

#include "api/base/fd.h"
#include "api/client/http/endpoint.h"
#include "test/bench/figures.h"

#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::bench {

// Clients that watch a collection, and one that writes to it: OpenSSL on sockets, one thread, and nothing that they
// could do without. They share the machine with the server that they measure, and a client library would cost more
// than the server does.
class Watchers {
 public:
  // Connects one after the other and sends each watcher's request; all watches stand when it returns. Failures throw
  // std::runtime_error.
  Watchers(const api::Endpoint& endpoint, SSL_CTX* tls, const std::string& watch_request, std::size_t count);
  ~Watchers();

  // Sends a request that makes one event, whose line has `mark` in it, and waits until all watchers and the writer have
  // heard of it. When each of the watchers did, from when the request was sent.
  [[nodiscard]] std::vector<Seconds> tell(const std::string& write_request, std::string_view mark);

 private:
  class Client;

  UniqueFd epoll_;
  std::unique_ptr<Client> writer_;
  std::vector<std::unique_ptr<Client>> watchers_;
};

}  // namespace skiff::bench
