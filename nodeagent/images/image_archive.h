#pragma once

#include "nodeagent/images/blob_source.h"

#include <memory>
#include <string>
#include <vector>

namespace skiff::nodeagent {

// One image of an archive, ready to be installed.
struct ArchivedImage {
  std::vector<std::string> names;  // normalized references; may be empty
  std::string manifest_digest;     // of OCI archives; empty for docker's
  std::string configuration;       // the document
  std::string configuration_digest;
  std::vector<Descriptor> layers;  // for BlobSource::layer()
};

// An image archive that has been unpacked into a directory: an OCI layout (index.json) or what `docker save` writes
// (manifest.json; where both are there, docker's names are the ones that people gave).
class ImageArchive final : public BlobSource {
 public:
  // kInvalid when `directory` is neither.
  [[nodiscard]] static Result<std::unique_ptr<ImageArchive>> open(std::string directory);

  [[nodiscard]] const std::vector<ArchivedImage>& images() const { return images_; }
  [[nodiscard]] Result<std::string> document(const Descriptor& descriptor) override;
  [[nodiscard]] Result<std::string> layer(const Descriptor& descriptor) override;

 private:
  explicit ImageArchive(std::string directory) : directory_(std::move(directory)) {}
  [[nodiscard]] Result<void> read_docker_manifest();
  [[nodiscard]] Result<void> read_oci_index();
  [[nodiscard]] Result<ArchivedImage> read_oci_image(Descriptor descriptor);
  // The path of a member, which must lie inside the archive once links are resolved.
  [[nodiscard]] Result<std::string> member(const std::string& name) const;
  [[nodiscard]] Result<std::string> read_member(const std::string& name) const;

  const std::string directory_;
  std::vector<ArchivedImage> images_;
};

}  // namespace skiff::nodeagent
