#pragma once

#include "api/base/result.h"

#include <cstdint>
#include <stop_token>
#include <string>

namespace skiff::nodeagent {

struct UnpackedLayer {
  std::string diff_id;           // "sha256:<hex>" of the uncompressed tar
  std::uint64_t size_bytes = 0;  // of the regular files
};

// Unpacks one image layer (a tar, plain or compressed by gzip, zstd, xz or bzip2) into `directory`, which exists and is
// empty, as an overlayfs lower directory: ".wh.x" becomes a whiteout device, ".wh..wh..opq" the opaque attribute.
// Owners, modes, times and extended attributes are kept. Nothing is written outside of `directory`, whatever the layer
// says. Needs root. kInvalid when the file is not such a layer, is cut short or tries to escape; pull_canceled() when
// `stop` is requested meanwhile. Blocks.
[[nodiscard]] Result<UnpackedLayer> unpack_layer(const std::string& layer_file, const std::string& directory,
                                                 const std::stop_token& stop);

// Unpacks an image archive (tar, plain or compressed): regular files and directories only, without owners and modes.
[[nodiscard]] Result<void> unpack_archive(const std::string& archive_file, const std::string& directory);

}  // namespace skiff::nodeagent
