#pragma once

#include "server/handlers/verbs.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace skiff::server {

// The nodes that are connected to this server. Thread-safe.
class NodeDirectory final : public NodeServices {
 public:
  void add(const std::string& node_name, std::shared_ptr<api::NodeService> service) {
    const std::lock_guard lock(mutex_);
    services_[node_name] = std::move(service);
  }
  void remove(const std::string& node_name) {
    const std::lock_guard lock(mutex_);
    services_.erase(node_name);
  }
  // What answers for all other nodes (simulated ones); null: nothing does.
  void set_fallback(std::shared_ptr<api::NodeService> service) {
    const std::lock_guard lock(mutex_);
    fallback_ = std::move(service);
  }
  [[nodiscard]] std::shared_ptr<api::NodeService> find(std::string_view node_name) override {
    const std::lock_guard lock(mutex_);
    const auto found = services_.find(node_name);
    return found == services_.end() ? fallback_ : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<api::NodeService>, std::less<>> services_;
  std::shared_ptr<api::NodeService> fallback_;
};

}  // namespace skiff::server
