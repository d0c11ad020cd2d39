#include "test/bench/watchers.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>

namespace skiff::bench {

using std::chrono::steady_clock;

namespace {

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

UniqueFd connect_to(const api::Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int unknown = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  if (unknown != 0) throw std::runtime_error(endpoint.host + ": " + gai_strerror(unknown));
  UniqueFd connected(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connected || connect(connected.get(), found->ai_addr, found->ai_addrlen) != 0) {
    throw std::runtime_error("cannot connect to " + endpoint.to_string());
  }
  const int on = 1;
  setsockopt(connected.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return connected;
}

}  // namespace

class Watchers::Client {
 public:
  Client(const api::Endpoint& endpoint, SSL_CTX* tls) : socket_(connect_to(endpoint)), ssl_(SSL_new(tls)) {
    SSL_set_fd(ssl_.get(), socket_.get());
    SSL_set_read_ahead(ssl_.get(), 1);
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("no TLS with " + endpoint.to_string());
  }

  [[nodiscard]] int socket() const { return socket_.get(); }

  void send(const std::string& text) {
    if (SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) <= 0) {
      throw std::runtime_error("a connection is lost");
    }
  }

  // Waits for the head of the next answer, which must say yes. What is left of the one before it is dropped.
  void read_head() {
    static constexpr std::string_view kStart = "HTTP/1.1 ";
    const auto start = [this] { return unread_.find(kStart); };
    const auto end = [this](std::size_t from) { return unread_.find("\r\n\r\n", from); };
    while (start() == std::string::npos || end(start()) == std::string::npos) receive();
    if (unread_.at(start() + kStart.size()) != '2') throw std::runtime_error(unread_.substr(start()));
    unread_.erase(0, end(start()) + 4);
  }

  // Reads once, and whether there was a line with the mark.
  bool hears(std::string_view mark) {
    bool heard = false;
    do {
      receive();
    } while (SSL_has_pending(ssl_.get()) == 1);
    for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos; unread_.erase(0, end + 1)) {
      heard = heard || unread_.find(mark) < end;
    }
    return heard;
  }

 private:
  void receive() {
    std::array<char, 16 * 1024> bytes;
    const int count = SSL_read(ssl_.get(), bytes.data(), bytes.size());
    if (count <= 0) throw std::runtime_error("a watch ended early");
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
  }

  const UniqueFd socket_;
  const std::unique_ptr<SSL, FreeSsl> ssl_;  // blocks, also for the rest of a record
  std::string unread_;
};

Watchers::Watchers(const api::Endpoint& endpoint, SSL_CTX* tls, const std::string& watch_request, std::size_t count)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)), writer_(std::make_unique<Client>(endpoint, tls)) {
  for (std::size_t i = 0; i < count; ++i) {
    watchers_.push_back(std::make_unique<Client>(endpoint, tls));
    watchers_.back()->send(watch_request);
    watchers_.back()->read_head();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = watchers_.back().get();
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watchers_.back()->socket(), &event);
  }
}

Watchers::~Watchers() = default;

std::vector<Seconds> Watchers::tell(const std::string& write_request, std::string_view mark) {
  std::vector<Seconds> latencies;
  std::array<epoll_event, 128> ready;
  const auto begin = steady_clock::now();
  writer_->send(write_request);
  while (latencies.size() < watchers_.size()) {
    const int count = epoll_wait(epoll_.get(), ready.data(), ready.size(), -1);
    for (int i = 0; i < count; ++i) {
      if (static_cast<Client*>(ready[static_cast<std::size_t>(i)].data.ptr)->hears(mark)) {
        latencies.emplace_back(steady_clock::now() - begin);
      }
    }
  }
  writer_->read_head();
  return latencies;
}

}  // namespace skiff::bench
