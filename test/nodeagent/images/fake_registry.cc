#include "test/nodeagent/images/fake_registry.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace skiff::nodeagent::testing {
namespace {

constexpr char kTlsHandshake = 0x16;  // the first byte of a TLS connection

// The request's head; empty for what is not HTTP, and when the client goes.
std::string read_head(int connection) {
  std::string head;
  char buffer[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
    if (count <= 0) return "";
    head.append(buffer, static_cast<std::size_t>(count));
    if (head.front() == kTlsHandshake) return "";
  }
  return head;
}

// The value of a header as curl writes it.
std::string header_of(const std::string& head, const std::string& name) {
  const std::string start = "\r\n" + name + ": ";
  const auto at = head.find(start);
  if (at == std::string::npos) return "";
  const auto begin = at + start.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

FakeRegistry::FakeRegistry() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no socket on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeRegistry::~FakeRegistry() {
  ::shutdown(listener_, SHUT_RDWR);  // ends the accept
  thread_.join();
  ::close(listener_);
}

std::string FakeRegistry::address() const { return fmt::format("127.0.0.1:{}", port_); }

void FakeRegistry::put(const std::string& target, Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_[target] = std::move(answer);
}

void FakeRegistry::remove(const std::string& target) {
  const std::lock_guard lock(mutex_);
  answers_.erase(target);
}

void FakeRegistry::require(const std::string& authorization, const std::vector<std::string>& challenges) {
  const std::lock_guard lock(mutex_);
  authorization_ = authorization;
  challenges_ = challenges;
}

std::vector<FakeRegistry::Request> FakeRegistry::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void FakeRegistry::serve() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    answer(connection);
    ::close(connection);
  }
}

void FakeRegistry::answer(int connection) {
  const std::string head = read_head(connection);
  const auto begin = head.find(' ');
  if (begin == std::string::npos) return;
  const Request request{head.substr(begin + 1, head.find(' ', begin + 1) - begin - 1),
                        header_of(head, "Authorization")};
  Answer answer;
  const std::string text = answer_to(request, answer);
  if (answer.before) answer.before();
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
  char nothing = 0;
  if (answer.stalls) static_cast<void>(::recv(connection, &nothing, 1, 0));
}

std::string FakeRegistry::answer_to(const Request& request, Answer& answer) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
  answer.status = 404;
  if (const auto found = answers_.find(request.target); found != answers_.end()) answer = found->second;
  const std::string& wanted = request.target.starts_with("/v2/") ? authorization_ : answer.authorization;
  const bool refused = !wanted.empty() && request.authorization != wanted;
  if (refused) {
    answer = Answer();
    answer.status = 401;
  }
  std::string text = fmt::format("HTTP/1.1 {} Status\r\nConnection: close\r\nContent-Length: {}\r\n", answer.status,
                                 answer.body.size() + answer.bytes_missing);
  for (const auto& [name, value] : answer.headers) text += fmt::format("{}: {}\r\n", name, value);
  if (refused) {
    for (const std::string& challenge : challenges_) text += fmt::format("WWW-Authenticate: {}\r\n", challenge);
  }
  return text + "\r\n" + answer.body;
}

}  // namespace skiff::nodeagent::testing
