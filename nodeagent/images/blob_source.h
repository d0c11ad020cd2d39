#pragma once

#include "nodeagent/images/manifest.h"

#include <string>

namespace skiff::nodeagent {

// Where the pieces of one image come from: an unpacked archive (image_archive.h) or a registry (registry_client.h).
// Blocks.
class BlobSource {
 public:
  virtual ~BlobSource() = default;
  // A small document, checked against the descriptor's digest.
  [[nodiscard]] virtual Result<std::string> document(const Descriptor& descriptor) = 0;
  // The path of a file with a layer's bytes as they were sent, checked against the digest where the source has one. The
  // file stays until the source goes.
  [[nodiscard]] virtual Result<std::string> layer(const Descriptor& descriptor) = 0;
};

}  // namespace skiff::nodeagent
