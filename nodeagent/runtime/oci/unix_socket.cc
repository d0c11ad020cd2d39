#include "nodeagent/runtime/oci/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

namespace skiff::nodeagent::oci {

namespace {

struct SocketAddress {
  UniqueFd directory;
  sockaddr_un address{};

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Result<SocketAddress> socket_address(const std::string& directory, const std::string& name) {
  SocketAddress result;
  result.directory.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!result.directory) return errno_error("open " + directory);
  const std::string path = "/proc/self/fd/" + std::to_string(result.directory.get()) + "/" + name;
  if (path.size() >= sizeof(result.address.sun_path)) {
    return Error{ErrorCode::kInvalid, "socket name " + name + " is too long"};
  }
  result.address.sun_family = AF_UNIX;
  std::memcpy(result.address.sun_path, path.c_str(), path.size() + 1);
  return result;
}

}  // namespace

Result<UniqueFd> listen_at(const std::string& directory, const std::string& name) {
  auto address = socket_address(directory, name);
  if (!address) return address.error();
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return errno_error("socket");
  if (::bind(listener.get(), address->get(), sizeof(sockaddr_un)) != 0) return errno_error("bind " + name);
  if (::listen(listener.get(), 1) != 0) return errno_error("listen at " + name);
  return listener;
}

Result<UniqueFd> connect_to(const std::string& directory, const std::string& name, int type) {
  auto address = socket_address(directory, name);
  if (!address) return address.error();
  UniqueFd connected(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!connected) return errno_error("socket");
  if (::connect(connected.get(), address->get(), sizeof(sockaddr_un)) != 0) return errno_error("connect to " + name);
  return connected;
}

Result<UniqueFd> receive_descriptor(const UniqueFd& listener) {
  const UniqueFd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!peer) return errno_error("accept");
  std::array<char, 4096> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec buffer{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(peer.get(), &message, MSG_CMSG_CLOEXEC) < 0) return errno_error("receive a descriptor");
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
    return Error{ErrorCode::kUnavailable, "receive a descriptor: there is none"};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof(fd));
  return UniqueFd(fd);
}

}  // namespace skiff::nodeagent::oci
