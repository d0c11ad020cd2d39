#pragma once

#include "api/base/result.h"
#include "api/user.h"
#include "server/http/http_server.h"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <optional>

namespace skiff::server {

// A context for TLS 1.2 and up with ALPN "http/1.1". Client certificates are asked for and not insisted upon: as
// upstream, a handshake with one that nobody vouches for succeeds, and certificate_user() tells. kInvalid when a PEM
// text is unusable.
[[nodiscard]] Result<std::unique_ptr<boost::asio::ssl::context>> make_server_context(const TlsOptions& options);

// The subject of the certificate that the peer of a finished handshake showed: CN is the user, each O a group. Nothing
// when it showed none, or when it is not one that the context's client CA signed for clients and that is valid today.
[[nodiscard]] std::optional<api::User> certificate_user(SSL* ssl);

}  // namespace skiff::server
