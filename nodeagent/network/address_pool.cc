#include "nodeagent/network/address_pool.h"

#include "api/base/files.h"

#include <unistd.h>

#include <cerrno>
#include <memory>

namespace skiff::nodeagent {

Result<std::unique_ptr<AddressPool>> AddressPool::open(std::string directory, Ipv4Cidr cidr) {
  if (auto made = make_directories(directory, 0700); !made) return made.error();
  auto pool = std::unique_ptr<AddressPool>(new AddressPool(std::move(directory), cidr));
  for (const std::string& name : list_directory(pool->directory_)) {
    const std::string path = pool->directory_ + "/" + name;
    const auto address = Ipv4Address::parse(name);
    if (!address) {  // a temporary file of an allocation that was cut off
      ::unlink(path.c_str());
      continue;
    }
    auto owner = read_file(path);
    if (!owner) return owner.error();
    pool->owners_[address->value] = std::move(*owner);
    pool->last_ = std::max(pool->last_, address->value);
  }
  return pool;
}

Result<Ipv4Address> AddressPool::allocate(const std::string& owner) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [address, present] : owners_) {
    if (present == owner) return Ipv4Address{address};
  }
  // The network's own address, the gateway's and the broadcast address are nobody's.
  const std::uint32_t first = cidr_.gateway().value + 1;
  const std::uint32_t end = cidr_.broadcast().value;
  std::uint32_t candidate = last_ + 1;
  for (std::uint32_t tried = first; tried < end; ++tried, ++candidate) {
    if (candidate < first || candidate >= end) candidate = first;
    if (owners_.contains(candidate)) continue;
    if (auto recorded = record(Ipv4Address{candidate}, owner); !recorded) return recorded.error();
    owners_[candidate] = owner;
    last_ = candidate;
    return Ipv4Address{candidate};
  }
  return Error{ErrorCode::kUnavailable, "no free address left in " + cidr_.to_string()};
}

Result<void> AddressPool::release(const std::string& owner) {
  const std::scoped_lock lock(mutex_);
  for (auto allocation = owners_.begin(); allocation != owners_.end(); ++allocation) {
    if (allocation->second == owner) return forget(allocation);
  }
  return {};
}

Result<void> AddressPool::release_all_but(const std::set<std::string>& owners) {
  const std::scoped_lock lock(mutex_);
  for (auto allocation = owners_.begin(); allocation != owners_.end();) {
    const auto current = allocation++;
    if (owners.contains(current->second)) continue;
    if (auto forgotten = forget(current); !forgotten) return forgotten;
  }
  return {};
}

Result<void> AddressPool::record(Ipv4Address address, const std::string& owner) const {
  return write_file_atomically(directory_ + "/" + address.to_string(), owner);
}

Result<void> AddressPool::forget(std::map<std::uint32_t, std::string>::iterator allocation) {
  const std::string path = directory_ + "/" + Ipv4Address{allocation->first}.to_string();
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("release " + path);
  owners_.erase(allocation);
  return {};
}

}  // namespace skiff::nodeagent
