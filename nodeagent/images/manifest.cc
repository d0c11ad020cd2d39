#include "nodeagent/images/manifest.h"

#include <spdlog/fmt/fmt.h>
#include <sys/utsname.h>

#include <algorithm>

namespace skiff::nodeagent {
namespace {

Error invalid(std::string message) { return Error{ErrorCode::kInvalid, std::move(message)}; }

// The architecture's name in images (Go's GOARCH).
std::string machine_architecture() {
  utsname name{};
  uname(&name);
  const std::string machine = name.machine;
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

Result<Descriptor> parse_descriptor(const Json& value) {
  Descriptor descriptor;
  descriptor.media_type = string_at(value, {"mediaType"});
  descriptor.digest = string_at(value, {"digest"});
  descriptor.size_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, integer_at(value, {"size"})));
  descriptor.name = string_at(value, {"annotations", "io.containerd.image.name"},
                              string_at(value, {"annotations", "org.opencontainers.image.ref.name"}));
  if (!is_sha256_digest(descriptor.digest)) {
    return invalid(fmt::format("unsupported digest \"{}\"", descriptor.digest));
  }
  return descriptor;
}

std::vector<std::string> strings_at(const Json& value, std::string_view name) {
  std::vector<std::string> texts;
  const Json* list = find(value, {name});
  if (list == nullptr || !list->is_array()) return texts;
  for (const Json& item : *list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace

bool is_sha256_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.starts_with(kPrefix) && text.size() == kPrefix.size() + 64 &&
         text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

Result<Manifest> parse_manifest(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return parsed.error().wrap("manifest");
  const Json* config = find(parsed->value, {"config"});
  const Json* layers = find(parsed->value, {"layers"});
  if (config == nullptr || layers == nullptr || !layers->is_array()) return invalid("not an image manifest");
  Manifest manifest;
  auto described = parse_descriptor(*config);
  if (!described) return described.error().wrap("manifest");
  manifest.config = std::move(*described);
  for (const Json& layer : *layers) {
    described = parse_descriptor(layer);
    if (!described) return described.error().wrap("manifest");
    manifest.layers.push_back(std::move(*described));
  }
  return manifest;
}

Result<ImageConfiguration> parse_configuration(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return parsed.error().wrap("image configuration");
  const Json* root = find(parsed->value, {"rootfs"});
  if (root == nullptr) return invalid("not an image configuration");
  ImageConfiguration configuration;
  configuration.diff_ids = strings_at(*root, "diff_ids");
  for (const std::string& diff_id : configuration.diff_ids) {
    if (!is_sha256_digest(diff_id)) return invalid(fmt::format("unsupported digest \"{}\"", diff_id));
  }
  const Json* config = find(parsed->value, {"config"});
  if (config == nullptr || !config->is_object()) return configuration;
  ImageConfig& target = configuration.config;
  target.entrypoint = strings_at(*config, "Entrypoint");
  target.command = strings_at(*config, "Cmd");
  target.environment = strings_at(*config, "Env");
  target.working_directory = string_at(*config, {"WorkingDir"});
  target.user = string_at(*config, {"User"});
  target.stop_signal = string_at(*config, {"StopSignal"});
  if (const Json* volumes = find(*config, {"Volumes"}); volumes != nullptr && volumes->is_object()) {
    for (const auto& volume : volumes->items()) target.volumes.push_back(volume.key());
  }
  return configuration;
}

Result<std::vector<Descriptor>> parse_index(std::string_view text) {
  const auto parsed = parse_json(text);
  if (!parsed) return parsed.error().wrap("image index");
  const Json* manifests = find(parsed->value, {"manifests"});
  if (manifests == nullptr || !manifests->is_array()) return invalid("not an image index");
  std::vector<Descriptor> descriptors;
  for (const Json& item : *manifests) {
    auto descriptor = parse_descriptor(item);
    if (!descriptor) return descriptor.error().wrap("image index");
    descriptors.push_back(std::move(*descriptor));
  }
  return descriptors;
}

Result<Descriptor> choose_platform(std::string_view index_text) {
  const auto parsed = parse_json(index_text);
  if (!parsed) return parsed.error().wrap("image index");
  const Json* manifests = find(parsed->value, {"manifests"});
  if (manifests == nullptr || !manifests->is_array()) return invalid("not an image index");
  const std::string architecture = machine_architecture();
  for (const Json& item : *manifests) {
    // An index without platforms describes images of one platform only.
    const bool any = find(item, {"platform"}) == nullptr;
    if (any || (string_at(item, {"platform", "os"}) == "linux" &&
                string_at(item, {"platform", "architecture"}) == architecture)) {
      return parse_descriptor(item);
    }
  }
  return Error{ErrorCode::kNotFound, fmt::format("no match for platform in manifest: linux/{}", architecture)};
}

}  // namespace skiff::nodeagent
