#pragma once

#include "api/base/task.h"
#include "api/client/http/endpoint.h"
#include "api/status.h"

#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace skiff::api {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// One HTTP/1.1 connection over TLS to a server: requests one after the other, each answer's body as it arrives.
//
// Operation: open() connects and shakes hands; send() sends a request and reads the answer's head; read_some() gives
// the body. While nothing arrives the kernel alone watches the connection: a peer that has vanished without a word is
// noticed within kKeepAliveLimit. Errors are kServiceUnavailable (the connection is then of no more use) and kTimeout
// (the deadline passed). Concurrency: everything on the executor of the coroutine that opened it.
// It will not: follow redirects, decompress, or repeat a request.
class HttpConnection {
 public:
  static constexpr std::chrono::seconds kKeepAliveLimit{60};

  using Deadline = std::chrono::steady_clock::time_point;
  static Task<Result<std::unique_ptr<HttpConnection>>> open(Endpoint endpoint,
                                                            std::shared_ptr<boost::asio::ssl::context> tls,
                                                            Deadline deadline);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // When everything that is under way fails; time_point::max() for never.
  void set_deadline(Deadline deadline);

  // The answer's status. The body must then be read to its end before the next request.
  Task<Result<int>> send(HttpRequest request);
  // A header of the last answer; "" when absent.
  [[nodiscard]] std::string header(std::string_view name) const;
  // The next piece of the body; "" at its end.
  Task<Result<std::string>> read_some();

  // After an answer of 101, bytes of another protocol both ways: one receive() and one transmit() may wait at the same
  // time. What comes next; "" when the server has ended or the connection was closed.
  Task<std::string> receive();
  // Waits until the kernel has the bytes. False: the server takes no more.
  Task<bool> transmit(std::string_view bytes);

  // Nothing is under way and the server has not closed it: another request may be sent.
  [[nodiscard]] bool is_reusable() const;
  [[nodiscard]] asio::any_io_executor executor() const;
  // Ends what waits. May be called more than once.
  void close();

 private:
  struct Impl;
  explicit HttpConnection(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace skiff::api
