#pragma once

#include "api/base/fd.h"
#include "api/base/result.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::nodeagent {

// One rtnetlink request under construction: header, the message type's own struct, attributes.
class NetlinkMessage {
 public:
  template <class Body>
  NetlinkMessage(std::uint16_t type, std::uint16_t flags, const Body& body) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    append(&header, sizeof header);
    append(&body, sizeof body);
  }

  void attribute(std::uint16_t type, const void* data, std::size_t size);
  void attribute(std::uint16_t type, const std::string& text) { attribute(type, text.c_str(), text.size() + 1); }
  void attribute(std::uint16_t type, std::uint32_t number) { attribute(type, &number, sizeof number); }
  // Attributes until end_nested() become parts of this one. Some nested attributes begin with a struct:
  // append_struct().
  [[nodiscard]] std::size_t begin_nested(std::uint16_t type);
  void end_nested(std::size_t start);
  template <class Body>
  void append_struct(const Body& body) {
    append(&body, sizeof body);
  }

 private:
  friend class NetlinkSocket;
  void append(const void* data, std::size_t size);

  std::vector<char> bytes_;
};

// A received message's attributes, by type. Views into the receive buffer.
class NetlinkAttributes {
 public:
  // `payload` begins behind the message type's own struct.
  explicit NetlinkAttributes(std::string_view payload);
  // Empty when missing.
  [[nodiscard]] std::string_view bytes(std::uint16_t type) const;
  [[nodiscard]] std::string text(std::uint16_t type) const;
  [[nodiscard]] std::uint32_t number(std::uint16_t type) const;

 private:
  std::vector<std::pair<std::uint16_t, std::string_view>> attributes_;
};

// A route socket in the network namespace of the thread that opened it; it stays there, whichever thread uses it.
// Requests are answered by the kernel within the call; nothing waits. Used by one thread at a time.
class NetlinkSocket {
 public:
  [[nodiscard]] static Result<NetlinkSocket> open();

  // Sends a change and returns the kernel's verdict; `what` opens the error message.
  [[nodiscard]] Result<void> change(NetlinkMessage message, std::string_view what);

  // Sends a dump request and calls `visit` with each answer's payload (struct and attributes).
  [[nodiscard]] Result<void> dump(NetlinkMessage message, std::string_view what,
                                  const std::function<void(std::string_view payload)>& visit);

 private:
  explicit NetlinkSocket(UniqueFd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] Result<void> exchange(NetlinkMessage& message, std::uint16_t flags, std::string_view what,
                                      const std::function<void(std::string_view payload)>& visit);

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
};

}  // namespace skiff::nodeagent
