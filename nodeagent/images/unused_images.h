#pragma once

#include "nodeagent/disk_space.h"
#include "nodeagent/images/image.h"

#include <chrono>
#include <set>
#include <string>
#include <vector>

// What the garbage collection of images decides: which of a node's images may go, and how much of the disk has to be
// freed. Pure.
namespace skiff::nodeagent {

// As in upstream's KubeletConfiguration (imageGCHighThresholdPercent, ...), with its defaults.
struct ImageCollectionPolicy {
  int high_threshold_percent = 85;  // from here on images are removed (100: never for the disk's sake),
  int low_threshold_percent = 80;   // down to here
  std::chrono::nanoseconds minimum_age = std::chrono::minutes(2);  // younger ones stay, however full the disk is
  std::chrono::nanoseconds maximum_age{0};  // unused ones go after that, however empty it is; zero: they may stay

  [[nodiscard]] bool removes_anything() const {
    return high_threshold_percent < 100 || maximum_age > std::chrono::nanoseconds::zero();
  }
};

// What pods and containers call the images that they use (normal_image_name()).
using ImageNames = std::set<std::string>;

[[nodiscard]] bool is_in_use(const Image& image, const ImageNames& names);

// Those that may go, in the order in which they do: the least recently used one first, and before it those that were
// never used. Pinned ones stay.
[[nodiscard]] std::vector<Image> unused_images(const std::vector<Image>& images, const ImageNames& names);

// It came so lately that a pod may be about to use it.
[[nodiscard]] bool is_too_young(const Image& image, const ImageCollectionPolicy& policy, TimePoint now);
// Nobody has used it for so long, or ever since it came, that it goes for that alone.
[[nodiscard]] bool is_too_old(const Image& image, const ImageCollectionPolicy& policy, TimePoint now);

// Zero below the high threshold.
[[nodiscard]] std::uint64_t bytes_to_free(const DiskSpace& disk, const ImageCollectionPolicy& policy);

}  // namespace skiff::nodeagent
