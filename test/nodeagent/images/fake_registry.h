#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace skiff::nodeagent::testing {

// A registry as a map of request targets to answers, on 127.0.0.1 over plain HTTP. Serves one connection after the
// other on a thread of its own; keeps no connection open. The test may change answers and read requests at any time.
class FakeRegistry {
 public:
  struct Answer {
    int status = 200;
    std::string body;
    std::map<std::string, std::string> headers;
    // What the request's Authorization header must be; otherwise the answer is 401 with the challenges of require().
    std::string authorization;
    std::size_t bytes_missing = 0;      // that Content-Length promises and that never come
    bool stalls = false;                // keeps the connection open until the client goes
    std::function<void()> before = {};  // called before it is sent, on the registry's thread
  };
  struct Request {
    std::string target;
    std::string authorization;
  };

  FakeRegistry();
  ~FakeRegistry();
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  [[nodiscard]] std::string address() const;  // "127.0.0.1:PORT"

  void put(const std::string& target, Answer answer);
  void remove(const std::string& target);
  // From now on everything below /v2/ asks for this Authorization header, with these WWW-Authenticate headers.
  void require(const std::string& authorization, const std::vector<std::string>& challenges);

  [[nodiscard]] std::vector<Request> requests() const;

 private:
  void serve();
  void answer(int connection);
  // As it is sent.
  [[nodiscard]] std::string answer_to(const Request& request, Answer& answer);

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::string authorization_;
  std::vector<std::string> challenges_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace skiff::nodeagent::testing
