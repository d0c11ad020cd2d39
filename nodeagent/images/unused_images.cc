#include "nodeagent/images/unused_images.h"

#include <algorithm>
#include <tuple>

namespace skiff::nodeagent {

bool is_in_use(const Image& image, const ImageNames& names) {
  const auto is_used = [&](const std::string& name) { return names.contains(name); };
  return is_used(image.id) || std::any_of(image.repo_tags.begin(), image.repo_tags.end(), is_used) ||
         std::any_of(image.repo_digests.begin(), image.repo_digests.end(), is_used);
}

std::vector<Image> unused_images(const std::vector<Image>& images, const ImageNames& names) {
  std::vector<Image> unused;
  std::copy_if(images.begin(), images.end(), std::back_inserter(unused),
               [&](const Image& image) { return !image.pinned && !is_in_use(image, names); });
  std::stable_sort(unused.begin(), unused.end(), [](const Image& a, const Image& b) {
    return std::tie(a.last_used, a.stored_at) < std::tie(b.last_used, b.stored_at);
  });
  return unused;
}

bool is_too_young(const Image& image, const ImageCollectionPolicy& policy, TimePoint now) {
  return now - image.stored_at < policy.minimum_age;
}

bool is_too_old(const Image& image, const ImageCollectionPolicy& policy, TimePoint now) {
  if (policy.maximum_age == std::chrono::nanoseconds::zero()) return false;
  return now - std::max(image.last_used, image.stored_at) > policy.maximum_age;
}

std::uint64_t bytes_to_free(const DiskSpace& disk, const ImageCollectionPolicy& policy) {
  if (disk.capacity_bytes == 0 || policy.high_threshold_percent >= 100) return 0;
  const std::uint64_t available = std::min(disk.available_bytes, disk.capacity_bytes);
  const auto used_percent = 100 - static_cast<int>(available * 100 / disk.capacity_bytes);
  if (used_percent < policy.high_threshold_percent) return 0;
  const std::uint64_t wanted = disk.capacity_bytes * static_cast<unsigned>(100 - policy.low_threshold_percent) / 100;
  return wanted > available ? wanted - available : 0;
}

}  // namespace skiff::nodeagent
