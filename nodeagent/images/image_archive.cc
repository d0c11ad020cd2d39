#include "nodeagent/images/image_archive.h"

#include "api/base/files.h"
#include "nodeagent/images/sha256.h"

#include <spdlog/fmt/fmt.h>

#include <filesystem>

namespace skiff::nodeagent {
namespace {

namespace fs = std::filesystem;

std::string blob_name(const std::string& digest) { return "blobs/sha256/" + digest.substr(digest.find(':') + 1); }

Result<void> check_digest(const std::string& found, const std::string& wanted) {
  if (found == wanted) return {};
  return Error{ErrorCode::kInvalid, fmt::format("is damaged: expected digest {}, found {}", wanted, found)};
}

}  // namespace

Result<std::unique_ptr<ImageArchive>> ImageArchive::open(std::string directory) {
  std::error_code error;
  const fs::path real = fs::canonical(directory, error);
  if (error) return errno_error("open " + directory, error.value());
  std::unique_ptr<ImageArchive> archive(new ImageArchive(real.string()));
  if (fs::exists(real / "manifest.json")) {
    if (auto read = archive->read_docker_manifest(); !read) return read.error();
  } else if (fs::exists(real / "index.json")) {
    if (auto read = archive->read_oci_index(); !read) return read.error();
  } else {
    return Error{ErrorCode::kInvalid, "is neither a docker nor an OCI image archive (no manifest.json, no index.json)"};
  }
  return archive;
}

Result<std::string> ImageArchive::member(const std::string& name) const {
  std::error_code error;
  const fs::path path = fs::canonical(fs::path(directory_) / fs::path(name).relative_path(), error);
  if (error || !path.string().starts_with(directory_ + "/")) {
    return Error{ErrorCode::kInvalid, fmt::format("is incomplete: {} is missing", name)};
  }
  return path.string();
}

Result<std::string> ImageArchive::read_member(const std::string& name) const {
  const auto path = member(name);
  if (!path) return path.error();
  std::error_code error;
  if (fs::file_size(*path, error) > kMaxDocumentBytes || error) {
    return Error{ErrorCode::kInvalid, name + " is too large"};
  }
  return read_file(*path);
}

Result<std::string> ImageArchive::document(const Descriptor& descriptor) {
  auto text = read_member(blob_name(descriptor.digest));
  if (!text) return text;
  Sha256 hash;
  hash.update(*text);
  if (auto checked = check_digest(hash.digest(), descriptor.digest); !checked) return checked.error();
  return text;
}

Result<std::string> ImageArchive::layer(const Descriptor& descriptor) {
  // Docker's manifest names files; their content is checked by the diff id once it is unpacked.
  if (!descriptor.name.empty()) return member(descriptor.name);
  auto path = member(blob_name(descriptor.digest));
  if (!path) return path;
  const auto digest = digest_of_file(*path);
  if (!digest) return digest.error();
  if (auto checked = check_digest(*digest, descriptor.digest); !checked) return checked.error();
  return path;
}

Result<void> ImageArchive::read_docker_manifest() {
  const auto text = read_member("manifest.json");
  if (!text) return text.error();
  const auto parsed = parse_json(*text);
  if (!parsed) return parsed.error().wrap("manifest.json");
  if (!parsed->value.is_array()) return Error{ErrorCode::kInvalid, "manifest.json is not a list of images"};
  for (const Json& item : parsed->value) {
    ArchivedImage image;
    auto configuration = read_member(string_at(item, {"Config"}));
    if (!configuration) return configuration.error();
    Sha256 hash;
    hash.update(*configuration);
    image.configuration_digest = hash.digest();
    image.configuration = std::move(*configuration);
    if (const Json* names = find(item, {"RepoTags"}); names != nullptr && names->is_array()) {
      for (const Json& name : *names) {
        const auto reference = ImageReference::parse(name.is_string() ? name.get<std::string>() : "");
        if (!reference) return reference.error();
        image.names.push_back(reference->to_string());
      }
    }
    if (const Json* layers = find(item, {"Layers"}); layers != nullptr && layers->is_array()) {
      for (const Json& layer : *layers) {
        Descriptor descriptor;
        descriptor.name = layer.is_string() ? layer.get<std::string>() : "";
        image.layers.push_back(std::move(descriptor));
      }
    }
    images_.push_back(std::move(image));
  }
  return {};
}

Result<void> ImageArchive::read_oci_index() {
  const auto text = read_member("index.json");
  if (!text) return text.error();
  const auto descriptors = parse_index(*text);
  if (!descriptors) return descriptors.error();
  for (const Descriptor& descriptor : *descriptors) {
    auto image = read_oci_image(descriptor);
    if (!image) return image.error();
    images_.push_back(std::move(*image));
  }
  return {};
}

Result<ArchivedImage> ImageArchive::read_oci_image(Descriptor descriptor) {
  ArchivedImage image;
  // A bare tag ("latest") names no repository, so it cannot become an image's name.
  if (descriptor.name.find_first_of(":/") != std::string::npos) {
    const auto reference = ImageReference::parse(descriptor.name);
    if (!reference) return reference.error();
    image.names.push_back(reference->to_string());
  }
  image.manifest_digest = descriptor.digest;
  if (descriptor.is_index()) {
    const auto index = document(descriptor);
    if (!index) return index.error();
    auto chosen = choose_platform(*index);
    if (!chosen) return chosen.error();
    descriptor = std::move(*chosen);
  }
  const auto text = document(descriptor);
  if (!text) return text.error();
  auto manifest = parse_manifest(*text);
  if (!manifest) return manifest.error();
  auto configuration = document(manifest->config);
  if (!configuration) return configuration.error();
  image.configuration = std::move(*configuration);
  image.configuration_digest = manifest->config.digest;
  image.layers = std::move(manifest->layers);
  for (Descriptor& layer : image.layers) layer.name.clear();
  return image;
}

}  // namespace skiff::nodeagent
