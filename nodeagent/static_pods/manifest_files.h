#pragma once

#include "api/base/result.h"

#include <string>
#include <vector>

namespace skiff::nodeagent {

// No manifest is longer.
inline constexpr std::size_t kMaxManifest = 10 << 20;

struct ManifestFile {
  std::string path;
  Result<std::string> text;  // the error says why it cannot be read
};

// The manifests at `path`: the file itself, or the files of the directory, but for directories and those whose names
// begin with a dot. Sorted by name; none where nothing is. The error: what is there cannot be told now. Blocks.
[[nodiscard]] Result<std::vector<ManifestFile>> read_manifest_files(const std::string& path);

}  // namespace skiff::nodeagent
