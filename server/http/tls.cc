#include "server/http/tls.h"

#include "api/base/openssl.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

namespace skiff::server {

namespace {

using openssl::CertificatePtr;
using VerificationPtr = std::unique_ptr<X509_STORE_CTX, openssl::Freer<X509_STORE_CTX_free>>;

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned int offered_length, void*) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kHttp11, sizeof(kHttp11) - 1, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<void> use_certificate(SSL_CTX* context, const TlsOptions& options) {
  const std::vector<CertificatePtr> chain = openssl::parse_certificates(options.certificate);
  if (chain.empty() || SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return openssl::error("server certificate");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
  const openssl::KeyPtr key = openssl::parse_private_key(options.private_key);
  if (key == nullptr || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return openssl::error("server private key");
  return {};
}

Result<void> ask_for_client_certificate(SSL_CTX* context, const std::string& authorities) {
  const std::vector<CertificatePtr> believed = openssl::parse_certificates(authorities);
  if (believed.empty()) return openssl::error("client certificate authority");
  for (const CertificatePtr& authority : believed) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // The handshake takes any certificate; certificate_user() looks at it.
  SSL_CTX_set_cert_verify_callback(
      context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  return {};
}

std::string text_of(const X509_NAME_ENTRY* entry) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
  if (length < 0) return {};
  std::string text(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(length));
  OPENSSL_free(utf8);
  return text;
}

bool is_trusted(SSL* ssl, X509* certificate) {
  const VerificationPtr verification(X509_STORE_CTX_new());
  if (verification == nullptr) return false;
  X509_STORE* authorities = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  if (X509_STORE_CTX_init(verification.get(), authorities, certificate, SSL_get_peer_cert_chain(ssl)) != 1)
    return false;
  X509_STORE_CTX_set_default(verification.get(), "ssl_client");
  const bool trusted = X509_verify_cert(verification.get()) == 1;
  ERR_clear_error();
  return trusted;
}

}  // namespace

Result<std::unique_ptr<boost::asio::ssl::context>> make_server_context(const TlsOptions& options) {
  auto context = std::make_unique<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  // Clients do not resume sessions with us; keeping them would only take memory and extra packets.
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 0);
  // A watch that waits does not hold two record buffers.
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  // A record is read with one call, not its head and then the rest.
  SSL_CTX_set_read_ahead(native, 1);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);

  if (auto used = use_certificate(native, options); !used) return used.error();
  if (!options.client_ca.empty()) {
    if (auto asked = ask_for_client_certificate(native, options.client_ca); !asked) return asked.error();
  }
  return context;
}

std::optional<api::User> certificate_user(SSL* ssl) {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr || !is_trusted(ssl, certificate.get())) return std::nullopt;
  api::User user;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  for (int i = 0; i < X509_NAME_entry_count(subject); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(subject, i);
    const int kind = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    if (kind == NID_commonName) user.name = text_of(entry);
    if (kind == NID_organizationName) user.groups.push_back(text_of(entry));
  }
  if (user.name.empty()) return std::nullopt;
  user.extra["authentication.kubernetes.io/credential-id"] = {"X509SHA256=" + openssl::fingerprint(certificate.get())};
  return user;
}

}  // namespace skiff::server
