#pragma once

#include "api/base/json.h"
#include "server/registry/kind.h"

#include <memory>

namespace skiff::server {

// What the registry demands of a pod whoever writes it, for those who never write it: the static pods of nodes. It has
// schemas of its own, so it is made only where it is needed. Thread-safe.
class PodRules {
 public:
  PodRules();

  // The document as a v1 Pod with its defaults; what a Pod has not is dropped. kInvalid: it is none.
  [[nodiscard]] Result<Json> decode(Json document) const;
  // kInvalid: what a new pod must not say; the message is the list of findings, as Go prints it.
  [[nodiscard]] Result<void> validate(const Json& pod) const;

 private:
  std::unique_ptr<const api::schema::Catalog> catalog_;
  Kind kind_;
};

}  // namespace skiff::server
