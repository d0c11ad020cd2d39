#include "nodeagent/images/image_index.h"

#include <algorithm>
#include <filesystem>

namespace skiff::nodeagent {
namespace {

Json config_to_json(const ImageConfig& config) {
  return Json{{"entrypoint", config.entrypoint},
              {"command", config.command},
              {"environment", config.environment},
              {"workingDirectory", config.working_directory},
              {"user", config.user},
              {"volumes", config.volumes},
              {"stopSignal", config.stop_signal}};
}

ImageConfig config_from_json(const Json& value) {
  ImageConfig config;
  config.entrypoint = value.at("entrypoint").get<std::vector<std::string>>();
  config.command = value.at("command").get<std::vector<std::string>>();
  config.environment = value.at("environment").get<std::vector<std::string>>();
  config.working_directory = value.at("workingDirectory").get<std::string>();
  config.user = value.at("user").get<std::string>();
  config.volumes = value.at("volumes").get<std::vector<std::string>>();
  config.stop_signal = value.at("stopSignal").get<std::string>();
  return config;
}

void merge_names(std::vector<std::string>& names, const std::vector<std::string>& more) {
  for (const std::string& name : more) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
}

}  // namespace

Json index_to_json(const std::vector<Image>& images) {
  Json list = Json::array();
  for (const Image& image : images) {
    Json layers = Json::array();
    for (const std::string& directory : image.layer_directories) {
      layers.push_back(std::filesystem::path(directory).filename().string());
    }
    list.push_back(Json{{"id", image.id},
                        {"repoTags", image.repo_tags},
                        {"repoDigests", image.repo_digests},
                        {"sizeBytes", image.size_bytes},
                        {"pinned", image.pinned},
                        {"storedAt", format_time(image.stored_at)},
                        {"layers", std::move(layers)},
                        {"config", config_to_json(image.config)}});
  }
  return Json{{"images", std::move(list)}};
}

Result<std::vector<Image>> index_from_json(const Json& document, const std::string& layers_directory) {
  std::vector<Image> images;
  try {
    for (const Json& item : document.at("images")) {
      Image image;
      image.id = item.at("id").get<std::string>();
      image.repo_tags = item.at("repoTags").get<std::vector<std::string>>();
      image.repo_digests = item.at("repoDigests").get<std::vector<std::string>>();
      image.size_bytes = item.at("sizeBytes").get<std::uint64_t>();
      // Indexes of earlier versions say neither.
      image.pinned = item.value("pinned", false);
      image.stored_at = parse_time(item.value("storedAt", "")).value_or(TimePoint());
      for (const Json& layer : item.at("layers")) {
        image.layer_directories.push_back(layers_directory + "/" + layer.get<std::string>());
      }
      image.config = config_from_json(item.at("config"));
      images.push_back(std::move(image));
    }
  } catch (const Json::exception& exception) {
    return Error{ErrorCode::kInvalid, std::string("image index: ") + exception.what()};
  }
  return images;
}

void add_to_index(std::vector<Image>& images, Image image) {
  for (Image& other : images) {
    const auto taken_over = std::erase_if(other.repo_tags, [&](const std::string& name) {
      return std::find(image.repo_tags.begin(), image.repo_tags.end(), name) != image.repo_tags.end();
    });
    if (taken_over > 0 && other.repo_tags.empty() && other.id != image.id) other.pinned = false;
  }
  const auto same =
      std::find_if(images.begin(), images.end(), [&](const Image& other) { return other.id == image.id; });
  if (same == images.end()) {
    images.push_back(std::move(image));
    return;
  }
  merge_names(image.repo_tags, same->repo_tags);
  merge_names(image.repo_digests, same->repo_digests);
  image.pinned = image.pinned || same->pinned;
  image.stored_at = same->stored_at;
  *same = std::move(image);
}

}  // namespace skiff::nodeagent
