#pragma once

#include "server/handlers/node_access.h"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace skiff::server {

// The nodes of this process by name, and how those of others are reached. Thread-safe.
class NodeDirectory final : public NodeServices {
 public:
  void add(const std::string& node_name, std::shared_ptr<api::NodeService> service) {
    const std::lock_guard lock(mutex_);
    nodes_[node_name] = make_local_access(std::move(service));
  }
  // Before the services are destroyed.
  void clear() {
    const std::lock_guard lock(mutex_);
    nodes_.clear();
  }
  // What finds nodes that are not of this process. Before any find().
  void set_remote(NodeServices& remote) { remote_ = &remote; }
  // Whether the node lives in this process.
  [[nodiscard]] bool is_local(std::string_view node_name) const {
    const std::lock_guard lock(mutex_);
    return nodes_.contains(node_name);
  }
  [[nodiscard]] std::shared_ptr<NodeAccess> find(std::string_view node_name) override {
    {
      const std::lock_guard lock(mutex_);
      const auto found = nodes_.find(node_name);
      if (found != nodes_.end()) return found->second;
    }
    return remote_ == nullptr ? nullptr : remote_->find(node_name);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<NodeAccess>, std::less<>> nodes_;
  NodeServices* remote_ = nullptr;
};

}  // namespace skiff::server
