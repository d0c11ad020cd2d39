#include "scheduler/namespaces.h"

#include <utility>

namespace skiff::scheduler {

void Namespaces::set(const std::string& name, api::AttributeList labels) {
  const auto [known, is_new] = labels_.try_emplace(name);
  if (!is_new && known->second == labels) return;
  known->second = std::move(labels);
  ++version_;
}

void Namespaces::remove(const std::string& name) {
  if (labels_.erase(name) > 0) ++version_;
}

const api::AttributeList& Namespaces::labels_of(const std::string& name) const {
  static const api::AttributeList kNone;
  const auto known = labels_.find(name);
  return known == labels_.end() ? kNone : known->second;
}

}  // namespace skiff::scheduler
