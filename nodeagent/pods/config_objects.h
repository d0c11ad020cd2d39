#pragma once

#include "api/client.h"
#include "api/client/informer.h"

#include <compare>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace skiff::nodeagent {

// A ConfigMap or Secret that a pod refers to, always of the pod's own namespace.
struct ConfigKey {
  enum class Kind { kConfigMap, kSecret };
  Kind kind = Kind::kConfigMap;
  std::string namespace_;
  std::string name;
  friend auto operator<=>(const ConfigKey&, const ConfigKey&) = default;
};

// Objects as they were at one moment; null: there was none.
using ConfigSnapshot = std::map<ConfigKey, api::ObjectPtr>;

// What a pod's environment and image pulls refer to; and that with what its volumes do. Pure.
[[nodiscard]] std::set<ConfigKey> container_references(const Json& pod);
[[nodiscard]] std::set<ConfigKey> config_references(const Json& pod);

// Keeps the ConfigMaps and Secrets that the node's pods refer to, each followed by one watch while any pod needs it,
// and tells when one changes.
//
// Concurrency: everything on the agent's executor.
// It will not: read objects that no pod of this node refers to.
class ConfigObjects {
 public:
  // Called when an object that the pod follows appeared, changed or went.
  using Listener = std::function<void(const std::string& pod_uid)>;

  ConfigObjects(asio::any_io_executor executor, api::Client& client, Listener listener);
  ~ConfigObjects();

  // Follows exactly `keys` for the pod from now on. Returns when each is known to exist or not (or at stop()).
  Task<void> follow(std::string pod_uid, std::set<ConfigKey> keys);
  void unfollow(const std::string& pod_uid);
  [[nodiscard]] ConfigSnapshot snapshot(const std::set<ConfigKey>& keys) const;
  [[nodiscard]] std::size_t followed() const { return entries_.size(); }

  Task<void> stop();

 private:
  struct Entry {
    std::shared_ptr<api::Informer> informer;
    std::set<std::string> pods;
  };
  void add_user(const ConfigKey& key, const std::string& pod_uid);
  void remove_user(const ConfigKey& key, const std::string& pod_uid);
  void notify(const ConfigKey& key);

  asio::any_io_executor executor_;
  api::Client& client_;
  Listener listener_;
  std::map<ConfigKey, Entry> entries_;
  std::map<std::string, std::set<ConfigKey>> keys_of_pod_;
  TaskGroup retiring_;
};

}  // namespace skiff::nodeagent
