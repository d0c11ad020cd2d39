#pragma once

#include "api/base/json.h"

#include <cstdint>
#include <map>
#include <string>

namespace skiff::scheduler {

// Amounts of what a node has and pods ask for, in whole units: quantities are parsed once, when an object arrives.
struct Resources {
  std::int64_t milli_cpu = 0;
  std::int64_t memory = 0;                     // bytes
  std::int64_t ephemeral_storage = 0;          // bytes
  std::map<std::string, std::int64_t> others;  // extended resources and huge pages

  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  // Of each the larger one.
  void raise_to(const Resources& other);

  // From a resource list ({"cpu": "500m"}); "pods" is left out.
  [[nodiscard]] static Resources from_list(const Json* list);
};

// What a pod asks for: the containers together, or any one init container when it asks for more. Sidecars (init
// containers with restartPolicy Always) count together with what runs beside and after them; spec.overhead comes on
// top.
[[nodiscard]] Resources pod_requests(const Json& pod);

// The same, but containers that ask for no cpu or memory count as a little (100m, 200Mi), so that they are spread.
[[nodiscard]] Resources pod_requests_for_scoring(const Json& pod);

}  // namespace skiff::scheduler
