#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// What an image says about the processes that run from it (the "config" of the OCI image configuration).
struct ImageConfig {
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::vector<std::string> environment;  // "NAME=value"
  std::string working_directory;
  std::string user;                  // "", "uid", "name", "uid:gid", "name:group"
  std::vector<std::string> volumes;  // absolute paths
  std::string stop_signal;           // "SIGTERM" when empty
};

// An image that is present, unpacked, in the node's store.
struct Image {
  std::string id;                         // "sha256:<digest of the configuration>"
  std::vector<std::string> repo_tags;     // "docker.io/library/busybox:latest"
  std::vector<std::string> repo_digests;  // "docker.io/library/busybox@sha256:..."
  std::uint64_t size_bytes = 0;           // unpacked
  ImageConfig config;
  std::vector<std::string> layer_directories;  // absolute, lowest first: overlayfs lower directories
  // A user brought it: only a user removes it again. Over when another image takes its last tag.
  bool pinned = false;
  TimePoint stored_at;  // when it first came; to the second
  TimePoint last_used;  // as mark_used() had it, told by ImageStore::list() only; the epoch: never
};

// A parsed image name, normalized as docker and containerd do: "nginx" = docker.io/library/nginx:latest.
struct ImageReference {
  std::string registry;    // "docker.io", "localhost:5000"
  std::string repository;  // "library/nginx"
  std::string tag;         // "latest"; empty with a digest and no tag
  std::string digest;      // "sha256:..." or empty

  // kInvalid: `couldn't parse image name "A_b:": invalid reference format`.
  [[nodiscard]] static Result<ImageReference> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;  // fully qualified
};

struct RegistryCredentials {
  std::string username;
  std::string password;
};

// How image stores know what pods and containers call an image: the id, "docker.io/library/nginx@sha256:..." or
// "docker.io/library/nginx:latest". kInvalid, as ImageReference::parse().
[[nodiscard]] Result<std::string> normal_image_name(const std::string& reference);
// `name` is such a name.
[[nodiscard]] bool is_called(const Image& image, const std::string& name);

// The error of a pull that nobody waits for any more.
[[nodiscard]] inline Error pull_canceled() { return {ErrorCode::kUnavailable, "context canceled"}; }

// The node's images. Functions block (disk, network) and are called on a thread pool; all are thread-safe, and several
// processes may share one store (the `skiff image` commands beside a running agent): an index file is replaced
// atomically under a lock file. A failed or killed operation leaves the store as it was, apart from unreferenced files
// that the next one sweeps up.
class ImageStore {
 public:
  virtual ~ImageStore() = default;

  // By reference ("nginx:1.13"), by digest or by id. Nothing when it is not present.
  [[nodiscard]] virtual Result<std::optional<Image>> find(const std::string& reference) const = 0;
  [[nodiscard]] virtual Result<std::vector<Image>> list() const = 0;
  // Fetches from a registry (OCI distribution protocol). Errors carry upstream-like texts for ErrImagePull events. Ends
  // with pull_canceled() about a second after `stop` was requested.
  [[nodiscard]] virtual Result<Image> pull(const std::string& reference, const RegistryCredentials& credentials,
                                           std::stop_token stop) = 0;
  // Loads a docker or OCI archive (plain or compressed tar) and pins the images that it held.
  [[nodiscard]] virtual Result<std::vector<Image>> load(const std::string& archive_path) = 0;
  // Notes that images are in use, or were until then. Ids that are not (or no longer) known do no harm.
  [[nodiscard]] virtual Result<void> mark_used(const std::vector<std::string>& ids, TimePoint when) = 0;
  // Removes a name, and with its last name (or by its id) the image and the layers that nobody else uses. The size in
  // bytes of the layers that went. kNotFound.
  [[nodiscard]] virtual Result<std::uint64_t> remove(const std::string& reference) = 0;
};

}  // namespace skiff::nodeagent
