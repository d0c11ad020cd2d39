#pragma once

#include "api/client.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

// What EndpointSlices there should be, as functions of values: for Services and for mirrored Endpoints alike.
namespace skiff::controllers {

inline constexpr const char* kServiceNameLabel = "kubernetes.io/service-name";
inline constexpr const char* kManagedByLabel = "endpointslice.kubernetes.io/managed-by";
inline constexpr const char* kHeadlessLabel = "service.kubernetes.io/headless";
inline constexpr const char* kSliceController = "endpointslice-controller.k8s.io";
inline constexpr const char* kMirroringController = "endpointslicemirroring-controller.k8s.io";

// Endpoints (discovery/v1) that share a family and ports, without duplicates.
struct EndpointGroup {
  std::string address_type;  // "IPv4" or "IPv6"
  Json ports = Json::array();
  std::vector<Json> endpoints;
};

// Whose slices they are.
struct SliceOwner {
  const api::ResourceType& type;
  const Json& object;
  const char* managed_by;
  std::size_t max_endpoints = 100;
  // Beside those that say whose slice it is.
  Json labels = Json::object();
  Json annotations = Json::object();
  // metadata.annotations of slices that are written get this trigger time, or lose the one they have.
  std::string trigger_time = {};
  // A group of one of these types without endpoints still gets a slice.
  std::vector<std::string> placeholders = {};
};

struct SlicePlan {
  std::vector<Json> create;
  std::vector<Json> update;
  std::vector<api::ObjectPtr> remove;

  [[nodiscard]] bool empty() const { return create.empty() && update.empty() && remove.empty(); }
};

// What to write so that the slices say what the groups say. Few writes count for more than full slices (upstream's
// rule): endpoints stay in the slice that has them; new ones fill slices that change anyway, then one other slice that
// has room for all that are left, then new slices. A slice that would go is used again before one is made.
[[nodiscard]] SlicePlan plan_slices(const SliceOwner& owner, std::vector<EndpointGroup> groups,
                                    const std::vector<api::ObjectPtr>& existing);

// The groups for the pods that a Service selects. `zone_of` gives the zone of a node, or "".
[[nodiscard]] std::vector<EndpointGroup> endpoint_groups(
    const Json& service, const std::vector<api::ObjectPtr>& pods,
    const std::function<std::string(const std::string& node)>& zone_of);
// The groups that say what an Endpoints object says, at most `max_addresses` of each subset.
[[nodiscard]] std::vector<EndpointGroup> mirrored_groups(const Json& endpoints, std::size_t max_addresses);

// The families that a Service's slices may have.
[[nodiscard]] std::vector<std::string> address_types_of(const Json& service);
// The Service's labels as its slices have them, with the one for headless Services.
[[nodiscard]] Json slice_labels(const Json& service);

}  // namespace skiff::controllers
