#include "server/controllers/taint_eviction/eviction_delay.h"

#include <algorithm>

namespace skiff::controllers {

std::optional<std::chrono::seconds> eviction_delay(const std::vector<api::Taint>& taints,
                                                   const std::vector<api::Toleration>& tolerations) {
  std::optional<std::chrono::seconds> shortest;
  for (const api::Taint& taint : taints) {
    const auto used = std::find_if(tolerations.begin(), tolerations.end(),
                                   [&](const api::Toleration& toleration) { return toleration.tolerates(taint); });
    if (used == tolerations.end()) return std::chrono::seconds(0);
    if (!used->seconds) continue;
    const std::chrono::seconds allowed(std::max<std::int64_t>(*used->seconds, 0));
    shortest = shortest ? std::min(*shortest, allowed) : allowed;
  }
  return shortest;
}

}  // namespace skiff::controllers
