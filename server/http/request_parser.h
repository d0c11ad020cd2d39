#pragma once

#include "server/http/http.h"
#include "server/http/limits.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace skiff::server {

// Makes one Request out of the bytes of a connection, however they are cut. Knows no sockets; Boost.Beast does the
// parsing. A parser is used for one request; what it refuses ends the connection, because the next request's start is
// unknown.
class RequestParser {
 public:
  enum class State {
    kHeader,         // wants more bytes
    kBody,           // the header is complete; wants more bytes
    kDone,           // request() is ready
    kMalformed,      // 400
    kHeaderTooLong,  // 431
    kBodyTooLong,    // 413
  };

  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();

  // Takes as many bytes as it can use and says how many; the rest must be offered again with more behind it.
  std::size_t put(std::string_view bytes);
  [[nodiscard]] State state() const { return state_; }

  // From here on: once the header is complete.
  // The client waits for "100 Continue" before it sends the body.
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  // False for HTTP/1.0, which knows no chunked encoding.
  [[nodiscard]] bool is_http_1_1() const { return is_http_1_1_; }
  // Path and query as they were sent.
  [[nodiscard]] const std::string& target() const { return target_; }
  // The method and headers, and in state kDone the body, too. Without id and users.
  [[nodiscard]] Request& request() { return request_; }

 private:
  struct Impl;
  std::size_t put_header(std::string_view bytes);
  std::size_t put_body(std::string_view bytes);
  // Sets the state when Beast refuses the bytes.
  std::size_t put_to_beast(std::string_view bytes);
  // Looks at a header that just became complete.
  void accept_header();

  const HttpLimits limits_;
  std::unique_ptr<Impl> impl_;
  State state_ = State::kHeader;
  std::size_t header_bytes_ = 0;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
  bool is_http_1_1_ = false;
  std::string target_;
  Request request_;
};

}  // namespace skiff::server
