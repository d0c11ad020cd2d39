#include "nodeagent/network/netlink.h"

#include <sys/socket.h>

#include <cerrno>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kReceiveBytes = 64 * 1024;  // the kernel's dump messages are at most 32 KiB

std::size_t aligned(std::size_t size) { return NLMSG_ALIGN(size); }

}  // namespace

void NetlinkMessage::append(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  bytes_.insert(bytes_.end(), bytes, bytes + size);
  bytes_.resize(aligned(bytes_.size()));
}

void NetlinkMessage::attribute(std::uint16_t type, const void* data, std::size_t size) {
  rtattr header{};
  header.rta_type = type;
  header.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  append(&header, sizeof header);
  append(data, size);
}

std::size_t NetlinkMessage::begin_nested(std::uint16_t type) {
  const std::size_t start = bytes_.size();
  rtattr header{};
  header.rta_type = type;
  append(&header, sizeof header);
  return start;
}

void NetlinkMessage::end_nested(std::size_t start) {
  rtattr header{};
  std::memcpy(&header, bytes_.data() + start, sizeof header);
  header.rta_len = static_cast<std::uint16_t>(bytes_.size() - start);
  std::memcpy(bytes_.data() + start, &header, sizeof header);
}

NetlinkAttributes::NetlinkAttributes(std::string_view payload) {
  while (payload.size() >= sizeof(rtattr)) {
    rtattr header{};
    std::memcpy(&header, payload.data(), sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > payload.size()) return;
    const std::uint16_t type = header.rta_type & NLA_TYPE_MASK;
    attributes_.emplace_back(type, payload.substr(RTA_LENGTH(0), header.rta_len - RTA_LENGTH(0)));
    payload.remove_prefix(std::min(payload.size(), aligned(header.rta_len)));
  }
}

std::string_view NetlinkAttributes::bytes(std::uint16_t type) const {
  for (const auto& [found, value] : attributes_) {
    if (found == type) return value;
  }
  return {};
}

std::string NetlinkAttributes::text(std::uint16_t type) const {
  const std::string_view value = bytes(type);
  return std::string(value.substr(0, value.find('\0')));
}

std::uint32_t NetlinkAttributes::number(std::uint16_t type) const {
  std::uint32_t number = 0;
  const std::string_view value = bytes(type);
  if (value.size() == sizeof number) std::memcpy(&number, value.data(), sizeof number);
  return number;
}

Result<NetlinkSocket> NetlinkSocket::open() {
  UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd) return errno_error("open a route socket");
  return NetlinkSocket(std::move(fd));
}

Result<void> NetlinkSocket::change(NetlinkMessage message, std::string_view what) {
  return exchange(message, NLM_F_ACK, what, nullptr);
}

Result<void> NetlinkSocket::dump(NetlinkMessage message, std::string_view what,
                                 const std::function<void(std::string_view)>& visit) {
  return exchange(message, NLM_F_DUMP, what, visit);
}

Result<void> NetlinkSocket::exchange(NetlinkMessage& message, std::uint16_t flags, std::string_view what,
                                     const std::function<void(std::string_view)>& visit) {
  nlmsghdr request{};
  std::memcpy(&request, message.bytes_.data(), sizeof request);
  request.nlmsg_len = static_cast<std::uint32_t>(message.bytes_.size());
  request.nlmsg_flags |= flags;
  request.nlmsg_seq = ++sequence_;
  std::memcpy(message.bytes_.data(), &request, sizeof request);
  if (::send(fd_.get(), message.bytes_.data(), message.bytes_.size(), 0) < 0) return errno_error(what);

  std::vector<char> buffer(kReceiveBytes);
  for (;;) {
    const ssize_t received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return errno_error(what);
    std::string_view rest(buffer.data(), static_cast<std::size_t>(received));
    while (rest.size() >= sizeof(nlmsghdr)) {
      nlmsghdr header{};
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) break;
      const std::string_view payload = rest.substr(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
      rest.remove_prefix(std::min(rest.size(), aligned(header.nlmsg_len)));
      if (header.nlmsg_seq != sequence_) continue;  // an answer that an earlier, failed call left unread
      if (header.nlmsg_type == NLMSG_DONE) return {};
      if (header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        std::memcpy(&error, payload.data(), sizeof error);
        if (error == 0) return {};
        return errno_error(what, -error);
      }
      if (visit) visit(payload);
    }
  }
}

}  // namespace skiff::nodeagent
