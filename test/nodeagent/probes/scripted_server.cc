#include "test/nodeagent/probes/scripted_server.h"

#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace skiff::test {

using asio::ip::tcp;

ScriptedServer::ScriptedServer(asio::any_io_executor executor, Answer answer)
    : acceptor_(executor, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)), answer_(std::move(answer)) {
  asio::co_spawn(executor, serve(), [](const std::exception_ptr&) {});
}

void ScriptedServer::use_tls() {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), &X509_free);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  tls_.emplace(asio::ssl::context::tls_server);
  SSL_CTX_use_certificate(tls_->native_handle(), certificate.get());
  SSL_CTX_use_PrivateKey(tls_->native_handle(), key.get());
}

template <class Stream>
Task<void> ScriptedServer::answer_one(Stream& stream) {
  std::string request;
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  auto buffer = asio::dynamic_buffer(request);
  co_await asio::async_read_until(stream, buffer, end_, token);
  if (error) co_return;
  requests_.push_back(request);
  const std::string answer = answer_(request);
  const auto bytes = asio::buffer(answer);
  co_await asio::async_write(stream, bytes, token);
  if (!stays_open_) co_return;
  auto rest = asio::dynamic_buffer(request);
  co_await asio::async_read(stream, rest, token);  // until the client closes
}

Task<void> ScriptedServer::serve() {
  for (;;) {
    tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
    if (!tls_) {
      co_await answer_one(socket);
      continue;
    }
    asio::ssl::stream<tcp::socket> stream(std::move(socket), *tls_);
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await stream.async_handshake(asio::ssl::stream_base::server, token);
    if (!error) co_await answer_one(stream);
  }
}

}  // namespace skiff::test
