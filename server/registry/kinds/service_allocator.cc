#include "api/base/check.h"
#include "server/registry/kinds/service.h"
#include "server/registry/number_pool.h"

#include <boost/asio/ip/network_v4.hpp>

#include <algorithm>
#include <mutex>
#include <set>

namespace skiff::server {

namespace {

using Ports = std::set<std::int64_t>;

// What a Service holds.
struct Holdings {
  std::vector<std::string> ips;
  Ports ports;
};

Ports ports_of(const Json& spec) {
  Ports ports;
  const std::string type = string_at(spec, {"type"});
  if (type == "NodePort" || type == "LoadBalancer") {
    for (const Json& port : spec.value("ports", Json::array())) {
      if (const std::int64_t number = integer_at(port, {"nodePort"}); number != 0) ports.insert(number);
    }
  }
  const std::int64_t health_check = integer_at(spec, {"healthCheckNodePort"});
  if (needs_health_check_port(spec) && health_check != 0) ports.insert(health_check);
  return ports;
}

Holdings holdings_of(const Json& service) {
  const Json& spec = service.at("spec");
  Holdings holdings;
  if (needs_cluster_ip(spec) && !is_headless(spec)) holdings.ips = texts_at(spec, "clusterIPs");
  holdings.ports = ports_of(spec);
  return holdings;
}

// The sizes of the parts that go last to those who ask for nothing in particular are upstream's.
std::uint32_t reserved_addresses(std::uint32_t size) { return std::min(std::clamp(size / 16, 16U, 256U), size); }
std::uint32_t reserved_ports(std::uint32_t size) { return std::min(std::clamp(size / 32, 16U, 128U), size); }

// The addresses of an IPv4 network but its first and last, as numbers of a pool.
class AddressPool {
 public:
  explicit AddressPool(const std::string& range)
      : network_(boost::asio::ip::make_network_v4(range).canonical()),
        pool_(host_count(network_), reserved_addresses(host_count(network_))) {}

  // Empty, or why not, in upstream's words.
  std::string take(const std::string& ip) {
    const auto number = number_of(ip);
    if (!number) {
      return "the provided IP (" + ip + ") is not in the valid range. The range of valid IPs is " +
             network_.to_string();
    }
    return pool_.take(*number) ? "" : "provided IP is already allocated";
  }

  std::optional<std::string> take_any() {
    const auto number = pool_.take_any();
    if (!number) return std::nullopt;
    return boost::asio::ip::make_address_v4(first() + *number).to_string();
  }

  void release(const std::string& ip) {
    if (const auto number = number_of(ip)) pool_.release(*number);
  }

 private:
  static std::uint32_t host_count(const boost::asio::ip::network_v4& network) {
    CHECK_INVARIANT(network.prefix_length() >= 12 && network.prefix_length() <= 29);
    return (1U << (32 - network.prefix_length())) - 2;
  }

  [[nodiscard]] std::uint32_t first() const { return network_.network().to_uint() + 1; }

  [[nodiscard]] std::optional<std::uint32_t> number_of(const std::string& ip) const {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address_v4(ip, error);
    if (error || address.to_uint() < first() || address.to_uint() - first() >= pool_.size()) return std::nullopt;
    return address.to_uint() - first();
  }

  boost::asio::ip::network_v4 network_;
  NumberPool pool_;
};

class PortPool {
 public:
  PortPool(std::uint16_t first, std::uint16_t last)
      : first_(first), last_(last), pool_(last - first + 1U, reserved_ports(last - first + 1U)) {}

  std::string take(std::int64_t port) {
    if (port < first_ || port > last_) {
      return "provided port is not in the valid range. The range of valid ports is " + std::to_string(first_) + "-" +
             std::to_string(last_);
    }
    return pool_.take(number_of(port)) ? "" : "provided port is already allocated";
  }

  std::optional<std::int64_t> take_any() {
    const auto number = pool_.take_any();
    if (!number) return std::nullopt;
    return first_ + static_cast<std::int64_t>(*number);
  }

  void release(std::int64_t port) {
    if (port >= first_ && port <= last_) pool_.release(number_of(port));
  }

 private:
  [[nodiscard]] std::uint32_t number_of(std::int64_t port) const { return static_cast<std::uint32_t>(port - first_); }

  std::int64_t first_;
  std::int64_t last_;
  NumberPool pool_;
};

api::Status full(const char* what) {
  return api::internal_error(std::string("failed to allocate a ") + what + ": range is full");
}

class ServiceAllocator final : public Allocator {
 public:
  explicit ServiceAllocator(const KindOptions& options)
      : addresses_(options.service_cluster_ip_range), ports_(options.first_node_port, options.last_node_port) {}

  void restore(const Json& service) override {
    const std::lock_guard lock(mutex_);
    // What lies outside of the ranges was given out by a server with others; it stays, unaccounted for.
    const Holdings holdings = holdings_of(service);
    for (const std::string& ip : holdings.ips) (void)addresses_.take(ip);
    for (const std::int64_t port : holdings.ports) (void)ports_.take(port);
  }

  void release(const Json& service) override { give_back(holdings_of(service)); }

  api::Result<std::unique_ptr<Transaction>> begin(Json& service, const Json* old_service) override {
    Json& spec = service["spec"];
    const Json* old_spec = old_service == nullptr ? nullptr : &old_service->at("spec");
    normalize_service(spec, old_spec);
    api::FieldErrors errors;
    complete_ip_families(spec, old_spec, errors);
    if (!errors.empty()) return invalid(service, errors);

    const std::lock_guard lock(mutex_);
    auto transaction = std::make_unique<ServiceTransaction>(*this);
    auto allocated = take_addresses(service, old_spec, *transaction);
    if (allocated) allocated = take_node_ports(service, old_spec, *transaction);
    if (allocated) allocated = take_health_check_port(spec, old_spec, *transaction);
    if (!allocated) {
      take_back(transaction->taken);
      transaction->taken = {};
      return allocated.error();
    }
    if (old_service != nullptr) transaction->given_up = given_up(holdings_of(*old_service), holdings_of(service));
    return std::unique_ptr<Transaction>(std::move(transaction));
  }

 private:
  struct ServiceTransaction final : Transaction {
    explicit ServiceTransaction(ServiceAllocator& owner_in) : owner(owner_in) {}
    ~ServiceTransaction() override { owner.give_back(taken); }
    ServiceTransaction(const ServiceTransaction&) = delete;
    ServiceTransaction& operator=(const ServiceTransaction&) = delete;

    void commit() override {
      owner.give_back(given_up);
      taken = {};
    }
    void abandon() override { taken = {}; }

    ServiceAllocator& owner;
    Holdings taken;     // by the new object, until commit()
    Holdings given_up;  // by the old object, from commit() on
  };

  static api::Status invalid(const Json& service, const api::FieldErrors& errors) {
    return api::invalid("", "Service", string_at(service, {"metadata", "name"}), errors);
  }

  static Holdings given_up(const Holdings& before, const Holdings& after) {
    Holdings left;
    for (const std::string& ip : before.ips) {
      if (std::find(after.ips.begin(), after.ips.end(), ip) == after.ips.end()) left.ips.push_back(ip);
    }
    std::set_difference(before.ports.begin(), before.ports.end(), after.ports.begin(), after.ports.end(),
                        std::inserter(left.ports, left.ports.end()));
    return left;
  }

  void give_back(const Holdings& holdings) {
    if (holdings.ips.empty() && holdings.ports.empty()) return;
    const std::lock_guard lock(mutex_);
    take_back(holdings);
  }

  // The rest is called with the mutex held.

  void take_back(const Holdings& holdings) {
    for (const std::string& ip : holdings.ips) addresses_.release(ip);
    for (const std::int64_t port : holdings.ports) ports_.release(port);
  }

  // A service that had an address keeps it; whether it may lose or change it is validated later.
  api::Result<void> take_addresses(Json& service, const Json* old_spec, ServiceTransaction& transaction) {
    Json& spec = service["spec"];
    const bool had_address = old_spec != nullptr && needs_cluster_ip(*old_spec);
    if (!needs_cluster_ip(spec) || is_headless(spec) || had_address) return {};
    const std::vector<std::string> ips = texts_at(spec, "clusterIPs");
    if (ips.empty()) {
      auto ip = addresses_.take_any();
      if (!ip) return full("serviceIP");
      transaction.taken.ips.push_back(*ip);
      spec["clusterIP"] = *ip;
      spec["clusterIPs"] = Json::array({*ip});
      return {};
    }
    if (const std::string refusal = addresses_.take(ips[0]); !refusal.empty()) {
      api::FieldErrors errors;
      errors.add({api::FieldErrorType::kInvalid, "spec.clusterIPs", "[]string{" + to_json_text(ips[0]) + "}",
                  "failed to allocate IP " + ips[0] + ": " + refusal});
      return invalid(service, errors);
    }
    transaction.taken.ips.push_back(ips[0]);
    return {};
  }

  api::Result<void> take_node_ports(Json& service, const Json* old_spec, ServiceTransaction& transaction) {
    Json& spec = service["spec"];
    const std::string type = string_at(spec, {"type"});
    if ((type != "NodePort" && type != "LoadBalancer") || !spec.contains("ports")) return {};
    const Ports old_ports = old_spec == nullptr ? Ports() : ports_of(*old_spec);
    // One number serves a port of several protocols, when it is new or asked for.
    std::map<std::int64_t, std::int64_t> by_port = old_spec == nullptr ? requested(spec) : PortMap();
    for (std::size_t i = 0; i < spec["ports"].size(); ++i) {
      Json& port = spec["ports"][i];
      const std::int64_t wanted = integer_at(port, {"nodePort"});
      if (wanted != 0) {
        if (old_ports.contains(wanted) || transaction.taken.ports.contains(wanted)) continue;
        if (auto taken = take_port(service, i, wanted, transaction); !taken) return taken;
        continue;
      }
      if (!needs_node_ports(spec)) continue;
      const std::int64_t number = integer_at(port, {"port"});
      if (const auto shared = by_port.find(number); old_spec == nullptr && shared != by_port.end()) {
        port["nodePort"] = shared->second;
        continue;
      }
      const auto chosen = ports_.take_any();
      if (!chosen) return full("nodePort");
      transaction.taken.ports.insert(*chosen);
      port["nodePort"] = *chosen;
      by_port[number] = *chosen;
    }
    return {};
  }

  using PortMap = std::map<std::int64_t, std::int64_t>;

  static PortMap requested(const Json& spec) {
    PortMap by_port;
    for (const Json& port : spec.at("ports")) {
      if (const std::int64_t number = integer_at(port, {"nodePort"}); number != 0) {
        by_port.emplace(integer_at(port, {"port"}), number);
      }
    }
    return by_port;
  }

  api::Result<void> take_port(const Json& service, std::size_t position, std::int64_t wanted,
                              ServiceTransaction& transaction) {
    if (const std::string refusal = ports_.take(wanted); !refusal.empty()) {
      api::FieldErrors errors;
      errors.invalid(api::index("spec.ports", position) + ".nodePort", wanted, refusal);
      return invalid(service, errors);
    }
    transaction.taken.ports.insert(wanted);
    return {};
  }

  api::Result<void> take_health_check_port(Json& spec, const Json* old_spec, ServiceTransaction& transaction) {
    const bool had_one = old_spec != nullptr && needs_health_check_port(*old_spec);
    if (!needs_health_check_port(spec) || had_one) return {};
    const std::int64_t wanted = integer_at(spec, {"healthCheckNodePort"});
    if (wanted == 0) {
      const auto chosen = ports_.take_any();
      if (!chosen) return api::internal_error("failed to allocate a HealthCheck NodePort 0: range is full");
      transaction.taken.ports.insert(*chosen);
      spec["healthCheckNodePort"] = *chosen;
      return {};
    }
    if (const std::string refusal = ports_.take(wanted); !refusal.empty()) {
      return api::internal_error("failed to allocate requested HealthCheck NodePort " + std::to_string(wanted) + ": " +
                                 refusal);
    }
    transaction.taken.ports.insert(wanted);
    return {};
  }

  std::mutex mutex_;
  AddressPool addresses_;
  PortPool ports_;
};

}  // namespace

std::unique_ptr<Allocator> make_service_allocator(const KindOptions& options) {
  return std::make_unique<ServiceAllocator>(options);
}

}  // namespace skiff::server
