#include "nodeagent/images/image_collector.h"

#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;

namespace {

// Images that share layers of known sizes, on nobody's disk.
class ListedImages final : public ImageStore {
 public:
  std::vector<Image> images;
  std::map<std::string, std::uint64_t> layer_sizes;
  std::vector<std::string> removed;
  std::map<std::string, std::string> broken;  // id -> why it cannot be removed
  std::function<void()> on_removal = [] {};

  Result<std::optional<Image>> find(const std::string& id) const override {
    const auto found = std::find_if(images.begin(), images.end(), [&](const Image& image) { return image.id == id; });
    return found == images.end() ? std::nullopt : std::optional<Image>(*found);
  }
  Result<std::vector<Image>> list() const override { return images; }
  Result<Image> pull(const std::string&, const RegistryCredentials&, std::stop_token) override {
    return pull_canceled();
  }
  Result<std::vector<Image>> load(const std::string&) override { return images; }
  Result<void> mark_used(const std::vector<std::string>& ids, TimePoint when) override {
    for (Image& image : images) {
      if (std::find(ids.begin(), ids.end(), image.id) != ids.end()) image.last_used = when;
    }
    return {};
  }
  Result<std::uint64_t> remove(const std::string& id) override {
    if (broken.contains(id)) return Error{ErrorCode::kUnavailable, broken[id]};
    const auto gone = std::find_if(images.begin(), images.end(), [&](const Image& image) { return image.id == id; });
    if (gone == images.end()) return Error{ErrorCode::kNotFound, "not present"};
    const std::vector<std::string> layers = gone->layer_directories;
    images.erase(gone);
    removed.push_back(id);
    on_removal();
    std::uint64_t freed = 0;
    for (const std::string& layer : layers) {
      const bool shared = std::any_of(images.begin(), images.end(), [&](const Image& image) {
        return std::find(image.layer_directories.begin(), image.layer_directories.end(), layer) !=
               image.layer_directories.end();
      });
      if (!shared) freed += layer_sizes[layer];
    }
    return freed;
  }
};

// A disk of 1000 bytes with images that came an hour ago, and nothing in use. The first look is that of start().
struct CollectorFixture {
  asio::io_context context;
  asio::thread_pool pool{1};
  skiff::test::FakeClock clock;
  ListedImages images;
  Result<DiskSpace> disk = DiskSpace{1000, 100};
  std::optional<ImageNames> in_use = ImageNames();
  std::vector<std::string> warnings;
  std::size_t seen = 0;
  ImageCollector::Options options;
  std::unique_ptr<ImageCollector> collector;

  ~CollectorFixture() {
    if (collector) skiff::test::run(context, collector->stop());
  }
  Image& add(const std::string& id, std::uint64_t size, std::chrono::minutes unused_for = 0min) {
    Image image;
    image.id = id;
    image.layer_directories = {id};
    image.stored_at = clock.now() - 1h;
    if (unused_for > 0min) image.last_used = clock.now() - unused_for;
    images.layer_sizes[id] = size;
    return images.images.emplace_back(std::move(image));
  }
  void start() {
    options.measure = [this] { return disk; };
    ImageCollector::Owner owner;
    owner.images_in_use = [this] { return in_use; };
    owner.images_seen = [this](const std::vector<Image>&) { ++seen; };
    owner.warn = [this](const std::string& reason, const std::string& message) {
      warnings.push_back(reason + ": " + message);
    };
    collector = std::make_unique<ImageCollector>(images, clock, context.get_executor(), pool, options, owner);
    skiff::test::run(context, collector->start());
  }
  // Returns when it has looked around. What it does is a chain of jobs for the pool, which has one thread.
  void look() {
    constexpr int kMoreThanTheChainIsLong = 10;
    collector->look();
    for (int i = 0; i < kMoreThanTheChainIsLong; ++i) {
      auto nothing = [] { return true; };
      skiff::test::run(context, run_blocking(pool, nothing));
    }
  }
  std::string removed() const {
    std::string ids;
    for (const std::string& id : images.removed) ids += id;
    return ids;
  }
};

using skiff::test::run;

}  // namespace

TEST_CASE("images go when the disk is too full, until enough is free") {
  CollectorFixture fixture;
  fixture.add("a", 60, 10min);
  fixture.add("b", 60, 30min);
  fixture.add("c", 60, 20min);

  SECTION("the least recently used ones") {
    fixture.start();  // 100 of 200 bytes are to be freed
    CHECK(fixture.removed() == "bc");
    CHECK(fixture.warnings.empty());
  }
  SECTION("none of those in use") {
    fixture.in_use = ImageNames{"b"};
    fixture.start();
    CHECK(fixture.removed() == "ca");
  }
  SECTION("none that is pinned") {
    fixture.images.images[2].pinned = true;
    fixture.start();
    CHECK(fixture.removed() == "ba");
  }
  SECTION("none that has just come") {
    fixture.images.images[1].stored_at = fixture.clock.now() - 119s;
    fixture.start();
    CHECK(fixture.removed() == "ca");
  }
  SECTION("what images share counts when the last of them goes") {
    for (const int index : {1, 2}) fixture.images.images[index].layer_directories = {"base"};
    fixture.images.layer_sizes["base"] = 100;
    fixture.start();
    CHECK(fixture.removed() == "bc");
  }
  SECTION("none below the threshold") {
    fixture.disk = DiskSpace{1000, 160};
    fixture.start();
    CHECK(fixture.removed().empty());
  }
  SECTION("none when that is turned off") {
    fixture.options.policy.high_threshold_percent = 100;
    fixture.disk = DiskSpace{1000, 0};
    fixture.start();
    CHECK(fixture.removed().empty());
  }
  SECTION("none that a pod began to use meanwhile") {
    fixture.images.on_removal = [&] { fixture.in_use = ImageNames{"c"}; };
    fixture.start();
    CHECK(fixture.removed() == "ba");
  }
  SECTION("none while nobody knows what is in use") {
    fixture.in_use.reset();
    fixture.start();
    CHECK(fixture.seen == 1);
    CHECK(fixture.removed().empty());
    fixture.in_use = ImageNames{"a", "b"};
    fixture.look();
    CHECK(fixture.removed() == "c");
  }
  SECTION("none that a user pinned since they were listed") {
    fixture.images.on_removal = [&] { fixture.images.images[1].pinned = true; };  // c, once b is gone
    fixture.start();
    CHECK(fixture.removed() == "ba");
  }
}

TEST_CASE("images that nobody used for long go from a disk with room, too") {
  CollectorFixture fixture;
  fixture.disk = DiskSpace{1000, 900};
  fixture.options.policy.maximum_age = 25min;
  fixture.add("a", 60, 10min);
  fixture.add("b", 60, 30min);
  fixture.add("c", 60);  // never used, here for an hour
  fixture.in_use = ImageNames{"b"};
  fixture.start();
  CHECK(fixture.removed() == "c");
  CHECK(fixture.warnings.empty());
}

TEST_CASE("the use of an image is noted when it begins and when it ends") {
  CollectorFixture fixture;
  fixture.disk = DiskSpace{1000, 900};
  fixture.add("a", 60);
  fixture.add("b", 60, 30min);
  fixture.in_use = ImageNames{"a"};
  fixture.start();
  const TimePoint begin = fixture.clock.now();
  CHECK(fixture.images.images[0].last_used == begin);
  CHECK(fixture.images.images[1].last_used == begin - 30min);

  fixture.clock.advance(5min);
  fixture.in_use = ImageNames();
  fixture.disk = DiskSpace{1000, 150};  // 50 bytes are to be freed
  fixture.look();
  CHECK(fixture.removed() == "b");
  CHECK(fixture.images.images[0].last_used == begin + 5min);
}

TEST_CASE("what cannot be freed is told, and told again only when it lasts") {
  CollectorFixture fixture;
  fixture.add("a", 60, 10min);
  std::string message;

  SECTION("too little is there") {
    message =
        "Failed to garbage collect required amount of images. Attempted to free 100 bytes, but only found 60 bytes "
        "eligible to free.";
    fixture.start();
    CHECK(fixture.removed() == "a");
    CHECK(fixture.warnings == std::vector<std::string>{"FreeDiskSpaceFailed: " + message});

    fixture.clock.advance(4min);
    fixture.look();
    CHECK(fixture.seen == 2);
    CHECK(fixture.warnings.size() == 1);
    fixture.clock.advance(1min);
    fixture.look();
    REQUIRE(fixture.warnings.size() == 3);
    message.replace(message.find("60"), 2, "0");
    CHECK(fixture.warnings[1] == "FreeDiskSpaceFailed: " + message);
    CHECK(fixture.warnings[2] == "ImageGCFailed: " + message);
  }
  SECTION("what there is cannot be removed") {
    fixture.images.broken["a"] = "busy";
    fixture.start();
    CHECK(fixture.warnings.empty());  // once is nothing yet
    fixture.clock.advance(5min);
    fixture.look();
    CHECK(fixture.warnings == std::vector<std::string>{"ImageGCFailed: wanted to free 100 bytes, but freed 0 bytes "
                                                       "space with errors in image deletion: busy"});
  }
  SECTION("the disk says nothing") {
    fixture.disk = DiskSpace{0, 0};
    fixture.start();
    CHECK(fixture.warnings == std::vector<std::string>{"InvalidDiskCapacity: invalid capacity 0 on image filesystem"});
  }
  SECTION("the disk cannot be asked") {
    fixture.disk = Error{ErrorCode::kUnavailable, "no such disk"};
    fixture.start();
    fixture.clock.advance(5min);
    fixture.look();
    CHECK(fixture.warnings == std::vector<std::string>{"ImageGCFailed: no such disk"});
  }
}

TEST_CASE("who needs room gets all that is unused") {
  CollectorFixture fixture;
  fixture.disk = DiskSpace{1000, 900};
  fixture.add("a", 60, 10min);
  fixture.add("b", 50, 30min);
  fixture.add("c", 40, 20min);
  fixture.add("d", 30).stored_at = fixture.clock.now();
  fixture.in_use = ImageNames{"c"};
  fixture.start();
  CHECK(fixture.removed().empty());
  const auto freed = run(fixture.context, fixture.collector->remove_unused());
  REQUIRE(freed);
  CHECK(*freed == 110);
  CHECK(fixture.removed() == "ba");

  fixture.in_use.reset();
  CHECK_FALSE(run(fixture.context, fixture.collector->remove_unused()));
}
