#include "server/registry/kinds/addresses.h"

#include "api/schema/validate.h"

#include <boost/asio/ip/address.hpp>

namespace skiff::server {

namespace {

bool is_link_local(const boost::asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().is_link_local();
  return (address.to_v4().to_uint() >> 16) == 0xA9FE;  // 169.254.0.0/16
}

bool is_link_local_multicast(const boost::asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().is_multicast_link_local();
  return (address.to_v4().to_uint() >> 8) == 0xE00000;  // 224.0.0.0/24
}

}  // namespace

void validate_endpoint_ip(const std::string& ip, const std::string& path, api::FieldErrors& errors) {
  const std::vector<std::string> messages = api::schema::format_messages("ip", ip);
  for (const std::string& what : messages) errors.invalid(path, ip, what);
  if (messages.empty()) validate_non_special_ip(ip, path, errors);
}

void validate_non_special_ip(const std::string& ip, const std::string& path, api::FieldErrors& errors) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(ip, error);
  if (error) return errors.invalid(path, ip, "must be a valid IP address");
  if (address.is_unspecified()) errors.invalid(path, ip, "may not be unspecified (" + ip + ")");
  if (address.is_loopback()) errors.invalid(path, ip, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (is_link_local(address)) {
    errors.invalid(path, ip, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  }
  if (is_link_local_multicast(address)) {
    errors.invalid(path, ip, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  }
}

}  // namespace skiff::server
