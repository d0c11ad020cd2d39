#include "nodeagent/images/image_collector.h"

#include "api/base/log.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace skiff::nodeagent {

namespace {

constexpr std::uint64_t kEverything = std::numeric_limits<std::uint64_t>::max();

// As Go prints several errors in one.
std::string join_errors(const std::vector<std::string>& errors) {
  if (errors.size() == 1) return errors.front();
  return fmt::format("[{}]", fmt::join(errors, ", "));
}

// The bytes that are free then. Somebody else may have removed it, or pinned it, meanwhile.
Result<std::uint64_t> remove_unless_pinned(ImageStore& images, const std::string& id) {
  const auto found = images.find(id);
  if (!found) return found.error();
  if (!*found || (*found)->pinned) return 0;
  auto removed = images.remove(id);
  if (!removed && removed.error().code == ErrorCode::kNotFound) return 0;
  return removed;
}

}  // namespace

ImageCollector::ImageCollector(ImageStore& images, const Clock& clock, asio::any_io_executor executor,
                               asio::thread_pool& pool, Options options, Owner owner)
    : images_(images),
      clock_(clock),
      pool_(pool),
      options_(std::move(options)),
      owner_(std::move(owner)),
      wake_(executor),
      tasks_(executor),
      watch_(executor, [this] { look(); }) {}

Task<void> ImageCollector::start() {
  if (!options_.store_directory.empty()) watch_.watch(options_.store_directory);
  co_await look_around();
  tasks_.spawn(run());
}

Task<void> ImageCollector::stop() {
  stopping_ = true;
  watch_.stop();
  wake_.notify();
  co_await tasks_.join();
}

Task<void> ImageCollector::run() {
  while (!stopping_) {
    if (come_back_) {
      const auto next = std::chrono::steady_clock::now() + kPeriod;
      co_await wake_.wait_until(next);
    } else {
      co_await wake_.wait();
    }
    if (!stopping_) co_await look_around();
  }
}

Task<Result<std::vector<Image>>> ImageCollector::list() {
  auto work = [images = &images_] { return images->list(); };
  co_return co_await run_blocking(pool_, std::move(work));
}

Task<void> ImageCollector::look_around() {
  auto images = co_await list();
  come_back_ = !images;
  if (!images) {
    spdlog::warn("list the images: {}", images.error().message);
    co_return;
  }
  owner_.images_seen(*images);
  const std::optional<ImageNames> names = owner_.images_in_use();
  if (!names || stopping_) co_return;
  co_await note_use(*images, *names);
  std::vector<Image> unused = unused_images(*images, *names);
  if (!options_.policy.removes_anything() || stopping_) co_return;
  come_back_ = !unused.empty();
  const std::optional<Failure> failure = co_await collect(std::move(unused));
  if (!stopping_) tell(failure);
}

Task<void> ImageCollector::note_use(std::vector<Image>& images, ImageNames names) {
  std::set<std::string> ids;
  std::vector<std::string> changed;
  const TimePoint now = clock_.now();
  for (Image& image : images) {
    const bool used = is_in_use(image, names);
    if (used) ids.insert(image.id);
    if (used == ids_in_use_.contains(image.id)) continue;
    changed.push_back(image.id);
    image.last_used = now;
  }
  ids_in_use_ = std::move(ids);
  if (changed.empty()) co_return;
  auto mark = [store = &images_, changed, now] { return store->mark_used(changed, now); };
  const Result<void> marked = co_await run_blocking(pool_, std::move(mark));
  if (!marked) spdlog::warn("note the use of images: {}", marked.error().message);
}

Task<std::optional<ImageCollector::Failure>> ImageCollector::collect(std::vector<Image> unused) {
  const ImageCollectionPolicy& policy = options_.policy;
  const TimePoint now = clock_.now();
  const auto first_old = std::stable_partition(unused.begin(), unused.end(),
                                               [&](const Image& image) { return !is_too_old(image, policy, now); });
  std::vector<Image> old(first_old, unused.end());
  unused.erase(first_old, unused.end());
  const Freed aged = co_await remove(std::move(old), kEverything);
  if (!aged.errors.empty()) co_return Failure{"", join_errors(aged.errors)};

  auto measure = options_.measure;
  const Result<DiskSpace> disk = co_await run_blocking(pool_, std::move(measure));
  if (!disk) co_return Failure{"", disk.error().message};
  if (disk->capacity_bytes == 0) co_return Failure{"InvalidDiskCapacity", "invalid capacity 0 on image filesystem"};
  const std::uint64_t wanted = bytes_to_free(*disk, policy);
  if (wanted == 0) co_return std::nullopt;
  const Freed freed = co_await remove(std::move(unused), wanted);
  if (!freed.errors.empty()) {
    co_return Failure{
        "", fmt::format("wanted to free {} bytes, but freed {} bytes space with errors in image deletion: {}", wanted,
                        freed.bytes, join_errors(freed.errors))};
  }
  if (freed.bytes >= wanted) co_return std::nullopt;
  co_return Failure{"FreeDiskSpaceFailed",
                    fmt::format("Failed to garbage collect required amount of images. Attempted to free {} bytes, but "
                                "only found {} bytes eligible to free.",
                                wanted, freed.bytes)};
}

Task<ImageCollector::Freed> ImageCollector::remove(std::vector<Image> unused, std::uint64_t wanted_bytes) {
  Freed freed;
  for (const Image& image : unused) {
    if (stopping_ || freed.bytes >= wanted_bytes) break;
    if (is_too_young(image, options_.policy, clock_.now())) continue;
    // A pod may have come while the one before was removed.
    const std::optional<ImageNames> names = owner_.images_in_use();
    if (!names || is_in_use(image, *names)) continue;
    auto work = [store = &images_, id = image.id] { return remove_unless_pinned(*store, id); };
    const Result<std::uint64_t> removed = co_await run_blocking(pool_, std::move(work));
    if (removed) {
      freed.bytes += *removed;
      spdlog::info("image {}: removed, nobody uses it; {} bytes are free", image.id, *removed);
    } else {
      freed.errors.push_back(removed.error().message);
    }
  }
  co_return freed;
}

Task<Result<std::uint64_t>> ImageCollector::remove_unused() {
  auto images = co_await list();
  if (!images) co_return images.error();
  const std::optional<ImageNames> names = owner_.images_in_use();
  if (!names) co_return Error{ErrorCode::kUnavailable, "which images are in use is not known yet"};
  co_await note_use(*images, *names);
  std::vector<Image> unused = unused_images(*images, *names);
  const Freed freed = co_await remove(std::move(unused), kEverything);
  for (const std::string& error : freed.errors) spdlog::warn("remove unused images: {}", error);
  co_return freed.bytes;
}

void ImageCollector::tell(const std::optional<Failure>& failure) {
  const bool failed_before = std::exchange(failed_before_, failure.has_value());
  if (!failure) return;
  const TimePoint now = clock_.now();
  if (failed_before && now - told_at_ < kPeriod) return;
  told_at_ = now;
  spdlog::warn("garbage collection of images: {}", failure->message);
  if (!failure->reason.empty()) owner_.warn(failure->reason, failure->message);
  if (failed_before) owner_.warn("ImageGCFailed", failure->message);
}

}  // namespace skiff::nodeagent
