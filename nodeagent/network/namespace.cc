#include "nodeagent/network/namespace.h"

#include "nodeagent/network/links.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <optional>
#include <thread>

namespace skiff::nodeagent {

namespace {

constexpr int kLoopbackIndex = 1;

Result<NetworkNamespace> enter_new_namespace(const std::string& path) {
  if (::unshare(CLONE_NEWNET) != 0) return errno_error("make a network namespace");
  const char* own = "/proc/thread-self/ns/net";
  if (::mount(own, path.c_str(), nullptr, MS_BIND, nullptr) != 0) return errno_error("bind " + path);
  UniqueFd fd(::open(own, O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open the new network namespace");
  auto socket = NetlinkSocket::open();
  if (!socket) return socket.error();
  if (auto up = set_up(*socket, kLoopbackIndex); !up) return up.error();
  return NetworkNamespace{std::move(fd), std::move(*socket)};
}

}  // namespace

Result<NetworkNamespace> create_network_namespace(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400));
  if (!file) return errno_error("create " + path);
  // A thread of its own, which ends here: a thread that changes its namespace cannot always come back.
  std::optional<Result<NetworkNamespace>> result;
  std::thread([&] { result.emplace(enter_new_namespace(path)); }).join();
  if (!result->has_value()) static_cast<void>(remove_network_namespace(path));
  return std::move(*result);
}

Result<void> remove_network_namespace(const std::string& path) {
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != EINVAL && errno != ENOENT) {
    return errno_error("unmount " + path);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("unlink " + path);
  return {};
}

}  // namespace skiff::nodeagent
