#include "server/controllers/node_ipam/pod_cidr.h"

#include <boost/asio/ip/network_v4.hpp>

#include <cstdint>

namespace skiff::controllers {

namespace {

constexpr unsigned short kNodePrefixLength = 24;

}  // namespace

std::string next_pod_cidr(const std::string& cluster_cidr, const std::set<std::string>& taken) {
  boost::system::error_code error;
  const auto cluster = boost::asio::ip::make_network_v4(cluster_cidr, error);
  if (error || cluster.prefix_length() > kNodePrefixLength) return "";
  const std::uint64_t first = cluster.network().to_uint();
  const std::uint64_t end = first + (std::uint64_t{1} << (32 - cluster.prefix_length()));
  for (std::uint64_t base = first; base < end; base += 1U << (32 - kNodePrefixLength)) {
    const boost::asio::ip::address_v4 address(static_cast<std::uint32_t>(base));
    std::string candidate = boost::asio::ip::network_v4(address, kNodePrefixLength).to_string();
    if (!taken.contains(candidate)) return candidate;
  }
  return "";
}

}  // namespace skiff::controllers
