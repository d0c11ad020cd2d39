#pragma once

#include "api/base/json.h"
#include "nodeagent/images/image.h"

#include <string>
#include <string_view>
#include <vector>

// The documents of the OCI image specification (and docker's variants of them), as far as a node reads them.
namespace skiff::nodeagent {

inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kDockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

// Manifests and configurations are a few kilobytes; more is not what it claims to be.
inline constexpr std::size_t kMaxDocumentBytes = 4 << 20;

// A pointer to content: its kind, digest ("sha256:<hex>") and size.
struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size_bytes = 0;
  // "org.opencontainers.image.ref.name" and containerd's "io.containerd.image.name" name images in archives.
  std::string name;

  [[nodiscard]] bool is_index() const { return media_type == kOciIndex || media_type == kDockerList; }
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // lowest first
};

// The configuration of an image, as far as it concerns running it.
struct ImageConfiguration {
  ImageConfig config;
  std::vector<std::string> diff_ids;  // one per layer, lowest first
};

// kInvalid when the text is not such a document.
[[nodiscard]] Result<Manifest> parse_manifest(std::string_view text);
[[nodiscard]] Result<ImageConfiguration> parse_configuration(std::string_view text);
// The descriptors of an index or manifest list.
[[nodiscard]] Result<std::vector<Descriptor>> parse_index(std::string_view text);
// The descriptor for this machine's platform (linux and its architecture; of several the first). kNotFound when there
// is none.
[[nodiscard]] Result<Descriptor> choose_platform(std::string_view index_text);

// True for "sha256:" and 64 lower-case hexadecimal digits; anything else must not become a file name.
[[nodiscard]] bool is_sha256_digest(std::string_view text);

}  // namespace skiff::nodeagent
