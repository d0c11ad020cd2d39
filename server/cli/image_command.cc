#include "nodeagent/images/disk_image_store.h"
#include "server/cli/commands.h"
#include "server/cli/data_directory.h"

#include <spdlog/fmt/fmt.h>

#include <iostream>

namespace skiff::server {
namespace {

using nodeagent::DiskImageStore;
using nodeagent::Image;
using nodeagent::ImageStore;

std::string name_of(const Image& image) {
  if (!image.repo_tags.empty()) return image.repo_tags.front();
  return image.repo_digests.empty() ? image.id : image.repo_digests.front();
}

// Every name that pods can use; the one there is for an image without tags.
std::vector<std::string> names_of(const Image& image) {
  return image.repo_tags.empty() ? std::vector<std::string>{name_of(image)} : image.repo_tags;
}

// The first twelve digits of the id, as image tools show it.
std::string short_id(const Image& image) { return image.id.substr(image.id.find(':') + 1, 12); }

std::string human_size(std::uint64_t bytes) {
  double size = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"kB", "MB", "GB"}) {
    if (size < 1000) break;
    size /= 1000;
    unit = next;
  }
  return fmt::format("{:.3g} {}", size, unit);
}

int load(ImageStore& store, const std::vector<std::string>& archives) {
  for (const std::string& archive : archives) {
    const auto images = store.load(archive);
    if (!images) return fail(images.error().message);
    for (const Image& image : *images) {
      for (const std::string& name : names_of(image)) std::cout << "loaded " << name << '\n';
    }
  }
  return 0;
}

int pull(DiskImageStore& store, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto image = store.pull_pinned(name);
    if (!image) return fail(image.error().message);
    std::cout << "pulled " << name_of(*image) << '\n';
  }
  return 0;
}

int list(const ImageStore& store) {
  const auto images = store.list();
  if (!images) return fail(images.error().message);
  std::cout << fmt::format("{:<60} {:<14} {}\n", "IMAGE", "IMAGE ID", "SIZE");
  for (const Image& image : *images) {
    for (const std::string& name : names_of(image)) {
      std::cout << fmt::format("{:<60} {:<14} {}\n", name, short_id(image), human_size(image.size_bytes));
    }
  }
  return 0;
}

int remove(ImageStore& store, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (const auto removed = store.remove(name); !removed) return fail(removed.error().message);
    std::cout << "removed " << name << '\n';
  }
  return 0;
}

}  // namespace

int run_image(const ImageOptions& options) {
  const auto store = nodeagent::DiskImageStore::open(DataDirectory::peek(options.data_directory).images());
  if (!store) return fail(store.error().message);
  switch (options.verb) {
    case ImageOptions::Verb::kLoad:
      return load(**store, options.arguments);
    case ImageOptions::Verb::kPull:
      return pull(**store, options.arguments);
    case ImageOptions::Verb::kRemove:
      return remove(**store, options.arguments);
    case ImageOptions::Verb::kList:
      return list(**store);
  }
  return 2;
}

}  // namespace skiff::server
