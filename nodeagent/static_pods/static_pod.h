#pragma once

#include "api/base/clock.h"
#include "api/base/json.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// What a manifest becomes: a static pod, and the mirror pod that shows it in the API. Plain functions of values, with
// upstream's rules and messages (pkg/kubelet/config/common.go).
namespace skiff::nodeagent {

// What the API server demands of every pod, also of those that never pass it. Given by those who know the server; pure
// and thread-safe.
struct PodRules {
  // The document as a v1 Pod with its defaults; what a Pod has not is dropped. kInvalid: it is none.
  std::function<Result<Json>(Json document)> decode;
  // kInvalid: what a pod must not say; the message is a list of findings.
  std::function<Result<void>(const Json& pod)> validate;
};

// Where manifests come from.
struct ManifestSource {
  enum class Kind { kFile, kHttp };
  Kind kind = Kind::kFile;
  std::string place;  // the file's absolute path, or the URL
  std::string node_name;
};

// The pod of one manifest: its name ends with the node's, its uid is the hash of what the manifest says, where it
// stands and, for a file, on which node. Manifests may set nothing else in metadata than name, namespace, labels and
// annotations. kInvalid, with upstream's message.
[[nodiscard]] Result<Json> make_static_pod(const Json& manifest, const ManifestSource& source, TimePoint now,
                                           const PodRules& rules);

// The static pods of a text in YAML or JSON: of a file one pod, from elsewhere one or a PodList. kInvalid: none of them
// is of any use.
[[nodiscard]] Result<std::vector<Json>> read_static_pods(std::string_view text, const ManifestSource& source,
                                                         TimePoint now, const PodRules& rules);

// What the API is to show of a static pod that runs on `node`, to be created.
[[nodiscard]] Json make_mirror_pod(const Json& static_pod, const Json& node);
// Whether that is what `mirror` was made from.
[[nodiscard]] bool is_mirror_of(const Json& mirror, const Json& static_pod);

}  // namespace skiff::nodeagent
