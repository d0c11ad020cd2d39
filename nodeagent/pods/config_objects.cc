#include "nodeagent/pods/config_objects.h"

#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

class ReferenceCollector {
 public:
  explicit ReferenceCollector(const Json& pod) : namespace_(api::key_of(pod).namespace_) {}

  void add(ConfigKey::Kind kind, const std::string& name) {
    if (!name.empty()) keys_.insert(ConfigKey{kind, namespace_, name});
  }

  void add_container(const Json& container) {
    for (const Json& variable : elements(container, {"env"})) {
      add(ConfigKey::Kind::kConfigMap, string_at(variable, {"valueFrom", "configMapKeyRef", "name"}));
      add(ConfigKey::Kind::kSecret, string_at(variable, {"valueFrom", "secretKeyRef", "name"}));
    }
    for (const Json& source : elements(container, {"envFrom"})) {
      add(ConfigKey::Kind::kConfigMap, string_at(source, {"configMapRef", "name"}));
      add(ConfigKey::Kind::kSecret, string_at(source, {"secretRef", "name"}));
    }
  }

  void add_volume(const Json& volume) {
    add(ConfigKey::Kind::kConfigMap, string_at(volume, {"configMap", "name"}));
    add(ConfigKey::Kind::kSecret, string_at(volume, {"secret", "secretName"}));
    for (const Json& source : elements(volume, {"projected", "sources"})) {
      add(ConfigKey::Kind::kConfigMap, string_at(source, {"configMap", "name"}));
      add(ConfigKey::Kind::kSecret, string_at(source, {"secret", "name"}));
    }
  }

  void add_pull_secrets(const Json& pod) {
    for (const Json& secret : elements(pod, {"spec", "imagePullSecrets"})) {
      add(ConfigKey::Kind::kSecret, string_at(secret, {"name"}));
    }
  }

  [[nodiscard]] std::set<ConfigKey> take() { return std::move(keys_); }

 private:
  static const Json& elements(const Json& document, std::initializer_list<std::string_view> path) {
    static const Json kEmpty = Json::array();
    const Json* found = find(document, path);
    return found != nullptr ? *found : kEmpty;
  }

  std::string namespace_;
  std::set<ConfigKey> keys_;
};

}  // namespace

std::set<ConfigKey> container_references(const Json& pod) {
  ReferenceCollector collector(pod);
  for (const Json& container : init_containers_of(pod)) collector.add_container(container);
  for (const Json& container : containers_of(pod)) collector.add_container(container);
  for (const Json& container : ephemeral_containers_of(pod)) collector.add_container(container);
  collector.add_pull_secrets(pod);
  return collector.take();
}

std::set<ConfigKey> config_references(const Json& pod) {
  ReferenceCollector collector(pod);
  for (const Json& volume : volumes_of(pod)) collector.add_volume(volume);
  std::set<ConfigKey> references = collector.take();
  references.merge(container_references(pod));
  return references;
}

ConfigObjects::ConfigObjects(asio::any_io_executor executor, api::Client& client, Listener listener)
    : executor_(executor), client_(client), listener_(std::move(listener)), retiring_(executor) {}

ConfigObjects::~ConfigObjects() = default;

void ConfigObjects::notify(const ConfigKey& key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return;
  const std::set<std::string> pods = entry->second.pods;
  for (const std::string& uid : pods) listener_(uid);
}

void ConfigObjects::add_user(const ConfigKey& key, const std::string& pod_uid) {
  Entry& entry = entries_[key];
  entry.pods.insert(pod_uid);
  if (entry.informer) return;
  api::InformerOptions options;
  options.namespace_ = key.namespace_;
  options.field_selector = "metadata.name=" + key.name;
  const api::ResourceType& resource = key.kind == ConfigKey::Kind::kConfigMap ? api::kConfigMaps : api::kSecrets;
  entry.informer = std::make_shared<api::Informer>(executor_, client_, resource, options);
  api::InformerHandlers handlers;
  handlers.added = [this, key](const api::ObjectPtr&) { notify(key); };
  handlers.updated = [this, key](const api::ObjectPtr&, const api::ObjectPtr&) { notify(key); };
  handlers.deleted = [this, key](const api::ObjectPtr&) { notify(key); };
  entry.informer->add_handlers(std::move(handlers));
  entry.informer->start();
}

namespace {

Task<void> retire(std::shared_ptr<api::Informer> informer) { co_await informer->stop(); }

}  // namespace

void ConfigObjects::remove_user(const ConfigKey& key, const std::string& pod_uid) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return;
  entry->second.pods.erase(pod_uid);
  if (!entry->second.pods.empty()) return;
  retiring_.spawn(retire(std::move(entry->second.informer)));
  entries_.erase(entry);
}

Task<void> ConfigObjects::follow(std::string pod_uid, std::set<ConfigKey> keys) {
  const std::set<ConfigKey> before = keys_of_pod_[pod_uid];
  for (const ConfigKey& key : keys) add_user(key, pod_uid);
  for (const ConfigKey& key : before) {
    if (!keys.contains(key)) remove_user(key, pod_uid);
  }
  if (keys.empty()) {
    keys_of_pod_.erase(pod_uid);
    co_return;
  }
  keys_of_pod_[pod_uid] = keys;
  for (const ConfigKey& key : keys) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) co_return;  // unfollowed meanwhile
    const std::shared_ptr<api::Informer> informer = entry->second.informer;
    co_await informer->wait_until_synced();
  }
}

void ConfigObjects::unfollow(const std::string& pod_uid) {
  const auto found = keys_of_pod_.find(pod_uid);
  if (found == keys_of_pod_.end()) return;
  for (const ConfigKey& key : found->second) remove_user(key, pod_uid);
  keys_of_pod_.erase(found);
}

ConfigSnapshot ConfigObjects::snapshot(const std::set<ConfigKey>& keys) const {
  ConfigSnapshot objects;
  for (const ConfigKey& key : keys) {
    const auto entry = entries_.find(key);
    objects[key] = entry == entries_.end() ? nullptr : entry->second.informer->cache().get({key.namespace_, key.name});
  }
  return objects;
}

Task<void> ConfigObjects::stop() {
  for (auto& [key, entry] : entries_) retiring_.spawn(retire(std::move(entry.informer)));
  entries_.clear();
  keys_of_pod_.clear();
  co_await retiring_.join();
}

}  // namespace skiff::nodeagent
