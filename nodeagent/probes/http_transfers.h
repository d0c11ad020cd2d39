#pragma once

#include "api/base/result.h"
#include "api/base/task.h"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace skiff::nodeagent {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // as libcurl takes them: "Name: value", "Name;" (empty), "Name:" (not at all)
  std::optional<std::string> body;   // a POST, then
  bool http2 = false;                // over cleartext, without asking the server first
  std::chrono::milliseconds timeout{1000};
  std::size_t max_body = 10 * 1024;  // the rest is not waited for
  bool verify_server = false;        // else every certificate will do
};

struct HttpAnswer {
  int status = 0;
  std::string body;                            // at most max_body
  std::map<std::string, std::string> headers;  // and trailers; names in lower case
  std::string redirect;                        // the absolute URL that a redirection names
};

// HTTP requests on the agent's event loop, mostly to pods: libcurl's multi interface over asio. Every request has a
// connection of its own and uses no proxy.
//
// Concurrency: everything on the executor given, which has one thread. While no request runs there is no timer.
// It will not: follow redirections.
class HttpTransfers {
 public:
  explicit HttpTransfers(asio::any_io_executor executor);
  ~HttpTransfers();  // no request may run
  HttpTransfers(const HttpTransfers&) = delete;
  HttpTransfers& operator=(const HttpTransfers&) = delete;

  // Errors, in the words of Go's HTTP client: kDeadlineExceeded; kUnavailable, nobody answers there or not in HTTP.
  Task<Result<HttpAnswer>> run(HttpRequest request);
  // Ends those that run, with errors.
  void cancel();

 private:
  class Loop;
  const asio::any_io_executor executor_;
  std::unique_ptr<Loop> loop_;  // from the first request on: libcurl is not loaded before it is needed
};

// "10.1.0.7" of "http://10.1.0.7:80/x"; empty when it is no URL.
[[nodiscard]] std::string host_of_url(const std::string& url);

}  // namespace skiff::nodeagent
