#pragma once

#include "nodeagent/images/blob_source.h"
#include "nodeagent/images/image.h"
#include "nodeagent/images/work_directory.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// The ImageStore on disk:
//
//   <directory>/index.json            what is there: names, ids, configurations, layers; replaced atomically
//   <directory>/layers/<diff id>/     one unpacked layer each, shared by all images that have it
//   <directory>/used/<id>             an empty file per image that was ever used; its time is when that was last
//   <directory>/work/<random>/        an operation in progress; its lock file is held while its process lives
//   <directory>/lock                  held while index.json and layers/ change
//
// A layer that the index mentions is complete and on the disk: it is named before and taken away after the index is
// written. One that the index does not mention is what a process left that died in between; nobody uses it, and the
// next operation that changes something takes it away. What is taken away first moves to the operation's directory in
// one step, and is removed there without the lock.
class DiskImageStore final : public ImageStore {
 public:
  // Makes the directory where it is missing. kPermissionDenied, kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<DiskImageStore>> open(std::string directory);

  [[nodiscard]] Result<std::optional<Image>> find(const std::string& reference) const override;
  [[nodiscard]] Result<std::vector<Image>> list() const override;
  [[nodiscard]] Result<Image> pull(const std::string& reference, const RegistryCredentials& credentials,
                                   std::stop_token stop) override;
  // For a user, who wants to keep it.
  [[nodiscard]] Result<Image> pull_pinned(const std::string& reference);
  [[nodiscard]] Result<std::vector<Image>> load(const std::string& archive_path) override;
  [[nodiscard]] Result<void> mark_used(const std::vector<std::string>& ids, TimePoint when) override;
  [[nodiscard]] Result<std::uint64_t> remove(const std::string& reference) override;

 private:
  explicit DiskImageStore(std::string directory) : directory_(std::move(directory)) {}

  // `image` with what is known of it beforehand.
  [[nodiscard]] Result<Image> fetch(Image image, const std::string& reference, const RegistryCredentials& credentials,
                                    std::stop_token stop);
  // The images of index.json, read again only when the file has changed.
  [[nodiscard]] Result<std::vector<Image>> read_index() const;
  [[nodiscard]] Result<void> write_index(const std::vector<Image>& images) const;
  // Unpacks the layers that are missing into `work`, checks them, and enters the image under its names.
  [[nodiscard]] Result<Image> install(Image image, const std::vector<std::string>& diff_ids,
                                      const std::vector<Descriptor>& layers, BlobSource& source,
                                      const WorkDirectory& work);
  [[nodiscard]] Result<void> unpack_missing(const std::vector<std::string>& diff_ids,
                                            const std::vector<Descriptor>& layers, BlobSource& source,
                                            const WorkDirectory& work) const;
  // Under the lock: moves the unpacked layers into place and writes the index. False: somebody has removed a layer
  // since unpack_missing() found it.
  [[nodiscard]] Result<bool> enter(Image& image, const std::vector<std::string>& diff_ids, const WorkDirectory& work);
  // Under the lock: takes away what belongs to none of the images. The size in bytes of the layers.
  std::uint64_t sweep(const std::vector<Image>& images, const WorkDirectory& work) const;
  // Moves a layer out of its place, to be removed with `work`. Its size in bytes.
  std::uint64_t take_away_layer(const std::string& directory, const WorkDirectory& work) const;
  [[nodiscard]] std::string use_mark(const std::string& id) const;
  [[nodiscard]] std::string layer_directory(const std::string& diff_id) const;

  const std::string directory_;

  struct Cache {
    std::int64_t stamp = -1;  // of the file that `images` was read from
    std::vector<Image> images;
  };
  mutable std::mutex cache_mutex_;
  mutable Cache cache_;
};

}  // namespace skiff::nodeagent
