#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"
#include "api/base/task.h"
#include "server/http/http.h"
#include "server/http/limits.h"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace skiff::server {

// A TLS identity, as PEM text.
struct TlsOptions {
  std::string certificate;  // the server's own, then its issuers, if any lie between it and the CA
  std::string private_key;
  // Certificate authorities whose client certificates are believed; one or more. Empty: none is asked for.
  std::string client_ca;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // an IPv4 or IPv6 address
  std::uint16_t port = 0;             // 0: any free one
  std::optional<TlsOptions> tls;      // nothing: plain HTTP
  HttpLimits limits;
};

// Listens on one address and runs a Connection for each client.
//
// Operation: start() binds and returns; connections live on `executor`, each on a strand of its own, so that the
// handler is called on any of the executor's threads. stop() closes the listener, lets running requests end within
// limits.shutdown_grace, cancels streams, and returns when no connection is left; it must be awaited before destruction
// if start() succeeded. Connections beyond the limit are closed as soon as they are accepted: a client that is told so
// at once tries again later, where one in the kernel's queue would hang until its time is over.
// Concurrency: start(), port() and stop() from one thread at a time; stop() may run on any executor.
// It will not route, authenticate or redirect: `handler` sees every request that is HTTP at all.
class HttpServer {
 public:
  // `handler` and `clock` must outlive it.
  HttpServer(asio::any_io_executor executor, Handler& handler, const Clock& clock, HttpServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // kUnavailable when the address is in use, kPermissionDenied for a port that needs root, kInvalid for an address or a
  // PEM text that is none. The message names the address.
  [[nodiscard]] Result<void> start();
  // The port that it listens on; after start().
  [[nodiscard]] std::uint16_t port() const;
  Task<void> stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace skiff::server
