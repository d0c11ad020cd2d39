#include "api/client/http/tls.h"

#include "api/base/ids.h"
#include "api/base/openssl.h"
#include "api/client/http/http_connection.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>

namespace skiff::api {

namespace {

using openssl::CertificatePtr;

constexpr std::chrono::seconds kDiscoveryTimeout{10};

std::string public_key_hash_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return "";
  std::string hash = "sha256:";
  hash += sha256_hex(std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  return hash;
}

std::string pem_of(X509* certificate) {
  const openssl::BioPtr text = openssl::writer();
  PEM_write_bio_X509(text.get(), certificate);
  return openssl::written(text.get());
}

skiff::Result<void> trust_authorities(SSL_CTX* context, const std::string& authorities) {
  const std::vector<CertificatePtr> believed = openssl::parse_certificates(authorities);
  if (believed.empty()) return openssl::error("certificate authority");
  for (const CertificatePtr& authority : believed) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
  }
  // A server's own certificate may stand for its authority, as Go's clients have it.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

// The context keeps the fingerprint that is expected as its application data.
int compare_fingerprint(X509_STORE_CTX* verification, void* argument) {
  const X509* shown = X509_STORE_CTX_get0_cert(verification);
  if (shown != nullptr && openssl::fingerprint(shown) == *static_cast<const std::string*>(argument)) return 1;
  X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_UNTRUSTED);
  return 0;
}

void delete_text(void*, void* text, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<std::string*>(text); }

// Lets the context own the text.
const std::string* keep_with(SSL_CTX* context, std::string text) {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, &delete_text);
  auto* kept = new std::string(std::move(text));
  SSL_CTX_set_ex_data(context, index, kept);
  return kept;
}

skiff::Result<void> use_own_certificate(SSL_CTX* context, const ClientTlsOptions& options) {
  const CertificatePtr certificate = openssl::parse_certificate(options.certificate);
  if (!certificate || SSL_CTX_use_certificate(context, certificate.get()) != 1) {
    return openssl::error("client certificate");
  }
  const openssl::KeyPtr key = openssl::parse_private_key(options.private_key);
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return openssl::error("client private key");
  return {};
}

// An authority by its key: what is looked for among the certificates that a server shows, and found.
struct AuthoritySearch {
  std::string hash;
  std::string found;  // PEM
};

// Believes everything and only looks.
int search_authority(X509_STORE_CTX* verification, void* argument) {
  auto& search = *static_cast<AuthoritySearch*>(argument);
  const STACK_OF(X509)* shown = X509_STORE_CTX_get0_untrusted(verification);
  for (int i = 0; shown != nullptr && i < sk_X509_num(shown); ++i) {
    X509* certificate = sk_X509_value(shown, i);
    if (X509_check_ca(certificate) > 0 && public_key_hash_of(certificate) == search.hash) {
      search.found = pem_of(certificate);
    }
  }
  return 1;
}

}  // namespace

skiff::Result<std::shared_ptr<boost::asio::ssl::context>> make_client_context(const ClientTlsOptions& options) {
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // A watch that waits does not hold two record buffers.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (!options.server_fingerprint.empty()) {
    const std::string* expected = keep_with(native, options.server_fingerprint);
    SSL_CTX_set_cert_verify_callback(native, &compare_fingerprint, const_cast<std::string*>(expected));
  } else if (auto trusted = trust_authorities(native, options.authorities); !trusted) {
    return trusted.error();
  }
  if (!options.certificate.empty()) {
    if (auto used = use_own_certificate(native, options); !used) return used.error();
  }
  return context;
}

skiff::Result<std::string> public_key_hash(const std::string& certificate) {
  const CertificatePtr parsed = openssl::parse_certificate(certificate);
  if (!parsed) return openssl::error("certificate");
  return public_key_hash_of(parsed.get());
}

skiff::Result<std::string> certificate_fingerprint(const std::string& certificate) {
  const CertificatePtr parsed = openssl::parse_certificate(certificate);
  if (!parsed) return openssl::error("certificate");
  return openssl::fingerprint(parsed.get());
}

Task<skiff::Result<std::string>> discover_authority(Endpoint endpoint, std::string hash) {
  AuthoritySearch search{std::move(hash), ""};
  auto tls = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_verify(tls->native_handle(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(tls->native_handle(), &search_authority, &search);
  const auto deadline = std::chrono::steady_clock::now() + kDiscoveryTimeout;
  const auto connection = co_await HttpConnection::open(endpoint, tls, deadline);
  if (!connection) co_return Error{ErrorCode::kUnavailable, connection.error().message};
  if (!search.found.empty()) co_return search.found;
  Error error{ErrorCode::kPermissionDenied, endpoint.to_string()};
  error.message += " shows no certificate authority whose public key has the hash ";
  error.message += search.hash;
  co_return error;
}

}  // namespace skiff::api
