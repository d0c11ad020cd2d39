#pragma once

#include "api/base/result.h"
#include "api/base/task.h"
#include "api/client/http/endpoint.h"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace skiff::api {

// Whom a client believes, and who it says it is. PEM texts.
struct ClientTlsOptions {
  // Certificate authorities, one or more: the server's certificate is signed by one of them and names the host.
  std::string authorities;
  // Instead: the SHA-256 of the server's own certificate, in hexadecimal. Its names and dates then do not matter.
  std::string server_fingerprint;
  // A client certificate; both empty: none.
  std::string certificate;
  std::string private_key;
};

// TLS 1.2 and up. Either authorities or a fingerprint must be given; kInvalid when a text is unusable.
[[nodiscard]] skiff::Result<std::shared_ptr<boost::asio::ssl::context>> make_client_context(
    const ClientTlsOptions& options);

// "sha256:<hexadecimal>" of a certificate's public key (SubjectPublicKeyInfo), as kubeadm's
// --discovery-token-ca-cert-hash has it. kInvalid when the text is no certificate.
[[nodiscard]] skiff::Result<std::string> public_key_hash(const std::string& certificate);

// The SHA-256 of a certificate in hexadecimal, as ClientTlsOptions::server_fingerprint has it. kInvalid.
[[nodiscard]] skiff::Result<std::string> certificate_fingerprint(const std::string& certificate);

// Asks the server for its certificates, believing nothing, and gives back the authority among them that has this public
// key hash: how somebody who knows nothing but the hash gets the authority itself. No request is sent.
// kUnavailable: the server cannot be reached; kPermissionDenied: it shows no such authority.
Task<skiff::Result<std::string>> discover_authority(Endpoint endpoint, std::string hash);

}  // namespace skiff::api
