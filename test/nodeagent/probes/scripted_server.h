#pragma once

#include "api/base/task.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace skiff::test {

// An answer of HTTP/1.1: `status` is "200 OK", each of `headers` ends with "\r\n".
[[nodiscard]] inline std::string http_answer(const std::string& status, const std::string& body = "",
                                             const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A server on 127.0.0.1 that answers every connection from a script: it reads until `complete` holds of what came, says
// what `answer` makes of that, and closes. Runs on the test's own io_context, and ends with it.
class ScriptedServer {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  ScriptedServer(asio::any_io_executor executor, Answer answer);

  // With a certificate of its own making. Before the first connection.
  void use_tls();
  // Until then nothing is answered: "\r\n\r\n" when not set.
  void set_end(std::string end) { end_ = std::move(end); }
  // From now on the client closes the connection.
  void stay_open() { stays_open_ = true; }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }

 private:
  Task<void> serve();
  template <class Stream>
  Task<void> answer_one(Stream& stream);

  asio::ip::tcp::acceptor acceptor_;
  Answer answer_;
  std::string end_ = "\r\n\r\n";
  bool stays_open_ = false;
  std::optional<asio::ssl::context> tls_;
  std::vector<std::string> requests_;
};

}  // namespace skiff::test
