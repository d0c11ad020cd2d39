#include "server/controllers/node_ipam/pod_cidrs.h"

#include <boost/asio/ip/network_v4.hpp>

namespace skiff::controllers {

namespace {

namespace ip = boost::asio::ip;

constexpr unsigned short kNodePrefixLength = 24;
constexpr unsigned kNodeBits = 32 - kNodePrefixLength;

std::optional<ip::network_v4> parsed_network(const std::string& cidr) {
  boost::system::error_code error;
  const ip::network_v4 network = ip::make_network_v4(cidr, error);
  if (error) return std::nullopt;
  return network;
}

}  // namespace

PodCidrs::PodCidrs(const std::string& cluster_cidr) {
  const auto cluster = parsed_network(cluster_cidr);
  if (!cluster || cluster->prefix_length() > kNodePrefixLength) return;
  first_ = cluster->network().to_uint();
  count_ = std::uint32_t{1} << (kNodePrefixLength - cluster->prefix_length());
}

std::string PodCidrs::take_next() {
  if (users_.size() == count_) return "";
  for (;; ++next_) {
    if (next_ == count_) next_ = 0;
    ++visited_;
    if (!users_.contains(next_)) break;
  }
  ++users_[next_];
  const ip::address_v4 address(first_ + (next_++ << kNodeBits));
  return ip::network_v4(address, kNodePrefixLength).to_string();
}

void PodCidrs::take(const std::string& cidr) {
  if (const auto index = index_of(cidr)) ++users_[*index];
}

void PodCidrs::release(const std::string& cidr) {
  const auto index = index_of(cidr);
  if (!index) return;
  const auto users = users_.find(*index);
  if (users != users_.end() && --users->second == 0) users_.erase(users);
}

std::optional<std::uint32_t> PodCidrs::index_of(const std::string& cidr) const {
  const auto network = parsed_network(cidr);
  if (!network || network->prefix_length() != kNodePrefixLength) return std::nullopt;
  const std::uint32_t address = network->network().to_uint();
  if (address < first_ || (address - first_) >> kNodeBits >= count_) return std::nullopt;
  return (address - first_) >> kNodeBits;
}

}  // namespace skiff::controllers
