#pragma once

#include "nodeagent/images/blob_source.h"
#include "nodeagent/images/image.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// The ImageStore on disk:
//
//   <directory>/index.json            what is there: names, ids, configurations, layers; replaced atomically
//   <directory>/layers/<diff id>/     one unpacked layer each, shared by all images that have it
//   <directory>/work/<random>/        an operation in progress; its lock file is held while its process lives
//   <directory>/lock                  held while index.json and layers/ change
//
// A layer directory is complete and on the disk before it gets its name, and named before the index mentions it;
// whatever nobody mentions is swept up by the next operation that changes something.
class DiskImageStore final : public ImageStore {
 public:
  // Makes the directory where it is missing. kPermissionDenied, kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<DiskImageStore>> open(std::string directory);

  [[nodiscard]] Result<std::optional<Image>> find(const std::string& reference) const override;
  [[nodiscard]] Result<std::vector<Image>> list() const override;
  [[nodiscard]] Result<Image> pull(const std::string& reference, const RegistryCredentials& credentials,
                                   std::stop_token stop) override;
  [[nodiscard]] Result<std::vector<Image>> load(const std::string& archive_path) override;
  [[nodiscard]] Result<void> remove(const std::string& reference) override;

 private:
  class WorkDirectory;
  class Lock;

  explicit DiskImageStore(std::string directory) : directory_(std::move(directory)) {}

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
  // Under the lock: moves the unpacked layers into place and writes the index.
  [[nodiscard]] Result<void> enter(Image& image, const std::vector<std::string>& diff_ids, const WorkDirectory& work);
  // Under the lock: removes layers that no image has and the remains of operations that died.
  void sweep(const std::vector<Image>& images) const;
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
