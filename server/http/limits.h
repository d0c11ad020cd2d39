#pragma once

#include <chrono>
#include <cstddef>

namespace skiff::server {

// What a client may ask of a connection, in bytes and in time. The defaults are for production; tests shorten them.
struct HttpLimits {
  // Request line and headers together, and any line of a chunked body. More is answered with 431.
  std::size_t header_bytes = 64 * 1024;
  // A request's body. More is answered with 413, upstream's limit for writes.
  std::size_t body_bytes = 3 * 1024 * 1024;
  // Open connections, or as many as the process may have descriptors if these are fewer; some are left to others (see
  // HttpServer). Who comes when there are so many is cut off at once, and may come again.
  std::size_t connections = 16 * 1024;
  // Responses at least this long are compressed when the client accepts it.
  std::size_t gzip_threshold_bytes = 128 * 1024;

  std::chrono::milliseconds handshake{10'000};
  // From a request's first byte to the end of its headers.
  std::chrono::milliseconds header_read{32'000};
  // From the end of the headers to the end of the body.
  std::chrono::milliseconds body_read{60'000};
  // Between two requests.
  std::chrono::milliseconds idle{90'000};
  // For each staging buffer's worth of response: a client that does not read it in this time is cut off.
  std::chrono::milliseconds write{30'000};
  // How long a connection that we close waits for the client to read what we said last.
  std::chrono::milliseconds linger{2'000};
  // How long running requests may go on after HttpServer::stop().
  std::chrono::milliseconds shutdown_grace{2'000};
};

}  // namespace skiff::server
