#pragma once

#include "api/base/json.h"
#include "nodeagent/images/image.h"

#include <string>
#include <vector>

namespace skiff::nodeagent {

// index.json of the DiskImageStore: {"images": [{"id", "repoTags", "repoDigests", "sizeBytes", "pinned", "storedAt",
// "layers", "config": {...}}]}. Layers are named by their directories' last component, so that the store may be moved.
[[nodiscard]] Json index_to_json(const std::vector<Image>& images);
// kInvalid when the document is not such an index.
[[nodiscard]] Result<std::vector<Image>> index_from_json(const Json& document, const std::string& layers_directory);

// Gives `image` its names, which every other image loses: one whose last tag that was is not pinned any more. An image
// with the same id is replaced, and keeps its names, its pin and its age.
void add_to_index(std::vector<Image>& images, Image image);

}  // namespace skiff::nodeagent
