#pragma once

#include "api/base/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What keeps pods away from nodes, and which pods put up with it. Plain functions of values.
namespace skiff::api {

// v1.Taint and v1.Toleration.
struct Taint {
  std::string key;
  std::string value;
  std::string effect;
};
struct Toleration {
  std::string key;        // empty: every key
  std::string operator_;  // "Exists", otherwise Equal
  std::string value;
  std::string effect;  // empty: every effect
  // Of NoExecute: for how long; nothing: for ever.
  std::optional<std::int64_t> seconds{};

  [[nodiscard]] bool tolerates(const Taint& taint) const;
};

[[nodiscard]] std::vector<Taint> taints_of(const Json& node);
[[nodiscard]] std::vector<Toleration> tolerations_of(const Json& pod);
[[nodiscard]] bool tolerates(const std::vector<Toleration>& tolerations, const Taint& taint);

}  // namespace skiff::api
