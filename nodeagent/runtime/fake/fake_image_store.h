#pragma once

#include "nodeagent/images/image.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace skiff::nodeagent {

// An image store in which every well-formed name is present, unless a test says otherwise; it lists those that have a
// configuration. Thread-safe.
class FakeImageStore final : public ImageStore {
 public:
  // Not present any more: a pull brings it back, or fails with `pull_error` when that is not empty.
  void set_absent(const std::string& reference, std::string pull_error);
  // Present, with this configuration.
  void set_config(const std::string& reference, ImageConfig config);
  // A pull does not end from now on until it is released, or stopped.
  void hold(const std::string& reference);
  void release(const std::string& reference);
  // Those that have begun.
  [[nodiscard]] int pulls() const;

  [[nodiscard]] Result<std::optional<Image>> find(const std::string& reference) const override;
  [[nodiscard]] Result<std::vector<Image>> list() const override;
  [[nodiscard]] Result<Image> pull(const std::string& reference, const RegistryCredentials& credentials,
                                   std::stop_token stop) override;
  [[nodiscard]] Result<std::vector<Image>> load(const std::string& archive_path) override;
  [[nodiscard]] Result<void> mark_used(const std::vector<std::string>& ids, TimePoint when) override;
  [[nodiscard]] Result<std::uint64_t> remove(const std::string& reference) override;

 private:
  [[nodiscard]] Image make(const std::string& reference) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> absent_;  // reference -> the error of a pull, "" = it works
  std::map<std::string, ImageConfig> configs_;
  std::set<std::string> held_;
  std::condition_variable_any released_;
  int pulls_ = 0;
};

}  // namespace skiff::nodeagent
