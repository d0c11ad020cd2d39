#include "nodeagent/images/unused_images.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

const TimePoint kUnusedNow = *parse_time("2026-11-22T12:00:00Z");

Image image(std::string id, TimePoint stored_at, TimePoint last_used = TimePoint()) {
  Image made;
  made.id = std::move(id);
  made.stored_at = stored_at;
  made.last_used = last_used;
  return made;
}

std::string ids_of(const std::vector<Image>& images) {
  std::string ids;
  for (const Image& image : images) ids += image.id;
  return ids;
}

}  // namespace

TEST_CASE("the image that was not used for longest goes first") {
  const std::vector<Image> images = {
      image("a", kUnusedNow - 9h, kUnusedNow - 1h),
      image("b", kUnusedNow - 8h, kUnusedNow - 5h),
      image("c", kUnusedNow - 7h),
      image("d", kUnusedNow - 10h, kUnusedNow - 3h),
      image("e", kUnusedNow - 8h),
  };
  CHECK(ids_of(unused_images(images, {})) == "ecbda");
}

TEST_CASE("what is in use or pinned does not go") {
  std::vector<Image> images = {image("a", kUnusedNow), image("b", kUnusedNow), image("c", kUnusedNow),
                               image("d", kUnusedNow)};
  images[1].repo_tags = {"docker.io/library/b:1", "docker.io/library/b:2"};
  images[2].repo_digests = {"docker.io/library/c@sha256:1"};
  CHECK(ids_of(unused_images(images, {})) == "abcd");
  CHECK(ids_of(unused_images(images, {"a"})) == "bcd");
  CHECK(ids_of(unused_images(images, {"docker.io/library/b:2"})) == "acd");
  CHECK(ids_of(unused_images(images, {"docker.io/library/c@sha256:1"})) == "abd");
  CHECK(ids_of(unused_images(images, {"docker.io/library/b:3", "docker.io/library/c:latest"})) == "abcd");
  images[3].pinned = true;
  CHECK(ids_of(unused_images(images, {})) == "abc");
}

TEST_CASE("how old images are") {
  ImageCollectionPolicy policy;
  CHECK(is_too_young(image("a", kUnusedNow - 119s), policy, kUnusedNow));
  CHECK_FALSE(is_too_young(image("a", kUnusedNow - 2min), policy, kUnusedNow));
  CHECK_FALSE(is_too_old(image("a", TimePoint()), policy, kUnusedNow));
  policy.maximum_age = 1h;
  CHECK(is_too_old(image("a", kUnusedNow - 2h), policy, kUnusedNow));
  CHECK(is_too_old(image("a", kUnusedNow - 3h, kUnusedNow - 61min), policy, kUnusedNow));
  CHECK_FALSE(is_too_old(image("used since", kUnusedNow - 3h, kUnusedNow - 59min), policy, kUnusedNow));
  CHECK_FALSE(is_too_old(image("has just come", kUnusedNow - 59min), policy, kUnusedNow));
}

TEST_CASE("how much has to be freed") {
  struct Row {
    const char* what;
    DiskSpace disk;
    int high, low;
    std::uint64_t bytes;
  };
  const std::vector<Row> rows = {
      {"a disk with room", {1000, 160}, 85, 80, 0},
      {"at the threshold, which counts", {1000, 150}, 85, 80, 50},
      {"parts of a percent count as used, as upstream", {1000, 159}, 85, 80, 41},
      {"a full disk", {1000, 0}, 85, 80, 200},
      {"no threshold", {1000, 0}, 100, 80, 0},
      {"a figure that cannot be", {1000, 2000}, 85, 80, 0},
      {"no disk at all", {0, 0}, 85, 80, 0},
      {"the largest disk there may be", {std::uint64_t{1} << 56, 0}, 85, 50, std::uint64_t{1} << 55},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    ImageCollectionPolicy policy;
    policy.high_threshold_percent = row.high;
    policy.low_threshold_percent = row.low;
    CHECK(bytes_to_free(row.disk, policy) == row.bytes);
  }
}
