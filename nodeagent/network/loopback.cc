#include "nodeagent/network/loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstring>
#include <optional>
#include <thread>

namespace skiff::nodeagent {

namespace {

constexpr timeval kConnectTimeout{5, 0};

// "connection refused", as Go says it.
std::string go_error_text(int error_number) {
  std::string text = ::strerrordesc_np(error_number);
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

Result<UniqueFd> connect_socket(const sockaddr* address, socklen_t length, const std::string& description) {
  UniqueFd connected(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connected) return errno_error("socket");
  ::setsockopt(connected.get(), SOL_SOCKET, SO_SNDTIMEO, &kConnectTimeout, sizeof(kConnectTimeout));
  if (::connect(connected.get(), address, length) != 0) {
    return Error{ErrorCode::kUnavailable, "dial " + description + ": connect: " + go_error_text(errno)};
  }
  const int on = 1;
  ::setsockopt(connected.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return connected;
}

Result<UniqueFd> connect_here(std::uint16_t port) {
  const std::string port_text = std::to_string(port);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto first = connect_socket(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), "tcp4 127.0.0.1:" + port_text);
  if (first) return first;
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  auto second = connect_socket(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6), "tcp6 [::1]:" + port_text);
  if (second) return second;
  return Error{ErrorCode::kUnavailable, "IPv4: " + first.error().message + " IPv6 " + second.error().message};
}

Result<UniqueFd> connect_inside(const std::string& namespace_path, std::uint16_t port) {
  const UniqueFd inside(::open(namespace_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!inside) return errno_error("open " + namespace_path);
  if (::setns(inside.get(), CLONE_NEWNET) != 0) return errno_error("enter " + namespace_path);
  return connect_here(port);
}

}  // namespace

Result<UniqueFd> connect_to_loopback(const std::string& namespace_path, std::uint16_t port) {
  if (namespace_path.empty()) return connect_here(port);
  // A thread of its own, which ends inside: a thread that changes its namespace cannot always come back.
  std::optional<Result<UniqueFd>> result;
  std::thread([&] { result.emplace(connect_inside(namespace_path, port)); }).join();
  return std::move(*result);
}

}  // namespace skiff::nodeagent
