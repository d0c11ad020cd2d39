#pragma once

#include "server/http/byte_stream.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>

namespace skiff::server {

// A client's socket as it is.
[[nodiscard]] std::unique_ptr<ByteStream> make_tcp_stream(asio::ip::tcp::socket socket);
// TLS over a client's socket; `context` (tls.h) must outlive it.
[[nodiscard]] std::unique_ptr<ByteStream> make_tls_stream(asio::ip::tcp::socket socket, asio::ssl::context& context);

}  // namespace skiff::server
