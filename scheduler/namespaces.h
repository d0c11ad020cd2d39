#pragma once

#include "api/selector.h"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace skiff::scheduler {

// The labels of namespaces, for terms that select the namespaces of the pods they look at. Not thread-safe.
class Namespaces {
 public:
  void set(const std::string& name, api::AttributeList labels);
  void remove(const std::string& name);

  // None for a namespace that is not known.
  [[nodiscard]] const api::AttributeList& labels_of(const std::string& name) const;
  // Another one after each change.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  std::unordered_map<std::string, api::AttributeList> labels_;
  std::uint64_t version_ = 0;
};

}  // namespace skiff::scheduler
