#include "nodeagent/runtime/fake/fake_image_store.h"

#include "api/base/ids.h"

namespace skiff::nodeagent {

void FakeImageStore::set_absent(const std::string& reference, std::string pull_error) {
  const std::lock_guard lock(mutex_);
  absent_[reference] = std::move(pull_error);
}

void FakeImageStore::set_config(const std::string& reference, ImageConfig config) {
  const std::lock_guard lock(mutex_);
  configs_[reference] = std::move(config);
}

void FakeImageStore::hold(const std::string& reference) {
  const std::lock_guard lock(mutex_);
  held_.insert(reference);
}

void FakeImageStore::release(const std::string& reference) {
  const std::lock_guard lock(mutex_);
  held_.erase(reference);
  released_.notify_all();
}

int FakeImageStore::pulls() const {
  const std::lock_guard lock(mutex_);
  return pulls_;
}

Image FakeImageStore::make(const std::string& reference) const {
  Image image;
  image.id = "sha256:" + sha256_hex(reference);
  image.repo_tags = {reference};
  const auto config = configs_.find(reference);
  if (config != configs_.end()) {
    image.config = config->second;
  } else {
    image.config.command = {"/simulated"};
  }
  return image;
}

Result<std::optional<Image>> FakeImageStore::find(const std::string& reference) const {
  const std::lock_guard lock(mutex_);
  if (absent_.contains(reference)) return std::optional<Image>();
  return std::optional<Image>(make(reference));
}

Result<std::vector<Image>> FakeImageStore::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Image> images;
  for (const auto& [reference, config] : configs_) {
    if (!absent_.contains(reference)) images.push_back(make(reference));
  }
  return images;
}

Result<Image> FakeImageStore::pull(const std::string& reference, const RegistryCredentials&, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  ++pulls_;
  if (!released_.wait(lock, stop, [&] { return !held_.contains(reference); })) return pull_canceled();
  const auto absent = absent_.find(reference);
  if (absent != absent_.end()) {
    if (!absent->second.empty()) return Error{ErrorCode::kUnavailable, absent->second};
    absent_.erase(absent);
  }
  return make(reference);
}

Result<std::vector<Image>> FakeImageStore::load(const std::string& archive_path) {
  return Error{ErrorCode::kInvalid, archive_path + ": a simulated image store holds no archives"};
}

Result<void> FakeImageStore::mark_used(const std::vector<std::string>&, TimePoint) { return {}; }

Result<std::uint64_t> FakeImageStore::remove(const std::string& reference) {
  const std::lock_guard lock(mutex_);
  absent_[reference] = "";
  for (const auto& [name, config] : configs_) {
    if (make(name).id == reference) absent_[name] = "";
  }
  return 0;
}

}  // namespace skiff::nodeagent
