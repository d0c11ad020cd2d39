#pragma once

#include "api/client.h"

#include <string>
#include <vector>

// Which persistent volume suits which claim. Plain functions of values.
namespace skiff::api {

// What the binder and the scheduler note in annotations.
// On a volume: its claimRef, on a claim: its volumeName was not put in by a user.
inline constexpr const char* kBoundByController = "pv.kubernetes.io/bound-by-controller";
// On a claim: volume and claim have found each other.
inline constexpr const char* kBindCompleted = "pv.kubernetes.io/bind-completed";
// On a volume: the provisioner that made it, and deletes it.
inline constexpr const char* kProvisionedBy = "pv.kubernetes.io/provisioned-by";
// On either: its class, from before spec.storageClassName.
inline constexpr const char* kStorageClassAnnotation = "volume.beta.kubernetes.io/storage-class";
// On a claim: the node of its first consumer.
inline constexpr const char* kSelectedNode = "volume.kubernetes.io/selected-node";

// The storage class by the old annotation or by spec.storageClassName; "" for none.
[[nodiscard]] std::string storage_class_of(const Json& volume_or_claim);
// That the claim says nothing about its class, so that a default one may be put in.
[[nodiscard]] bool lacks_storage_class(const Json& claim);

// spec.claimRef names the claim, and its uid when it says one: the volume is bound to it or kept for it.
[[nodiscard]] bool is_reserved_for(const Json& volume, const Json& claim);

// Why the volume that a claim names cannot be bound to it, in upstream's words; "" when it can.
[[nodiscard]] std::string why_unsuitable(const Json& volume, const Json& claim);

// The volume for a claim that names none: one that is kept for it, else the least that will do (fewest access modes,
// then smallest, then by name) of those that are available. With `only_reserved` none but the first. Null when there is
// none.
[[nodiscard]] ObjectPtr find_volume(const Json& claim, const std::vector<ObjectPtr>& volumes, bool only_reserved);

// Index of pods by the "namespace/name" of each claim that they use.
inline constexpr const char* kByClaim = "claim";
[[nodiscard]] std::vector<std::string> by_claim(const Json& pod);

}  // namespace skiff::api
