#pragma once

#include "api/base/json.h"

#include <string>
#include <vector>

// Static pods come from files and URLs that a node reads, not from the API, where mirror pods show them. Plain
// functions of values.
namespace skiff::api {

// Annotations: where a static pod comes from ("file" or "http"), when its node first read it, and the hash of its
// manifest; and, of a mirror pod alone, that hash again.
inline constexpr const char* kConfigSourceAnnotation = "kubernetes.io/config.source";
inline constexpr const char* kConfigSeenAnnotation = "kubernetes.io/config.seen";
inline constexpr const char* kConfigHashAnnotation = "kubernetes.io/config.hash";
inline constexpr const char* kConfigMirrorAnnotation = "kubernetes.io/config.mirror";

[[nodiscard]] bool is_mirror_pod(const Json& pod);

// The kinds of objects that a pod refers to, as plurals and in upstream's order and words: "serviceaccounts",
// "secrets", "configmaps", "serviceaccounts (via projected volumes)", ... Each once; empty for a pod that its node can
// run without asking anybody.
[[nodiscard]] std::vector<std::string> referenced_resources(const Json& pod);

}  // namespace skiff::api
