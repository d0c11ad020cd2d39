#include "nodeagent/images/disk_image_store.h"

#include "api/base/files.h"
#include "api/base/ids.h"
#include "nodeagent/images/image_archive.h"
#include "nodeagent/images/image_index.h"
#include "nodeagent/images/layer.h"
#include "nodeagent/images/registry_client.h"

#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace skiff::nodeagent {
namespace {

namespace fs = std::filesystem;

// The part of a digest that names a directory.
std::string hex_of(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

}  // namespace

// A place for one operation's files, gone when the operation is over; and whether that is still wanted.
class DiskImageStore::WorkDirectory {
 public:
  static Result<WorkDirectory> make(const std::string& store_directory, std::stop_token stop) {
    std::string path = fmt::format("{}/work/{}", store_directory, random_hex(8));
    if (auto made = make_directories(path); !made) return made.error();
    auto lock = lock_file(path + "/lock", true);
    if (!lock) return lock.error();
    return WorkDirectory(std::move(path), std::move(*lock), std::move(stop));
  }
  WorkDirectory(WorkDirectory&& other) noexcept
      : path_(std::exchange(other.path_, "")), lock_(std::move(other.lock_)), stop_(std::move(other.stop_)) {}
  WorkDirectory& operator=(WorkDirectory&&) = delete;
  ~WorkDirectory() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::stop_token& stop() const { return stop_; }
  [[nodiscard]] std::string layer(const std::string& diff_id) const { return path_ + "/layer-" + hex_of(diff_id); }
  [[nodiscard]] Result<std::string> subdirectory(const std::string& name) const {
    std::string path = path_ + "/" + name;
    if (auto made = make_directories(path); !made) return made.error();
    return path;
  }

 private:
  WorkDirectory(std::string path, UniqueFd lock, std::stop_token stop)
      : path_(std::move(path)), lock_(std::move(lock)), stop_(std::move(stop)) {}
  std::string path_;
  UniqueFd lock_;  // tells a sweep that the operation goes on
  std::stop_token stop_;
};

Result<std::unique_ptr<DiskImageStore>> DiskImageStore::open(std::string directory) {
  for (const char* name : {"layers", "work"}) {
    if (auto made = make_directories(directory + "/" + name); !made) return made.error();
  }
  return std::unique_ptr<DiskImageStore>(new DiskImageStore(std::move(directory)));
}

std::string DiskImageStore::layer_directory(const std::string& diff_id) const {
  return directory_ + "/layers/" + hex_of(diff_id);
}

Result<std::vector<Image>> DiskImageStore::read_index() const {
  const std::string path = directory_ + "/index.json";
  const std::lock_guard lock(cache_mutex_);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::vector<Image>();
    return errno_error("open " + path);
  }
  // Each write makes a new file, so either number changes.
  const std::int64_t stamp =
      status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec + static_cast<std::int64_t>(status.st_ino);
  if (cache_.stamp == stamp) return cache_.images;
  const auto text = read_file(path);
  if (!text) return text.error();
  const auto parsed = parse_json(*text);
  if (!parsed) return parsed.error().wrap(path);
  auto images = index_from_json(parsed->value, directory_ + "/layers");
  if (!images) return images.error().wrap(path);
  cache_ = Cache{stamp, *images};
  return images;
}

Result<void> DiskImageStore::write_index(const std::vector<Image>& images) const {
  // The new layers as well as the index, before the name says that they are there.
  return write_file_atomically(directory_ + "/index.json", to_json_text(index_to_json(images)), 0644,
                               Sync::kFileSystem);
}

Result<std::vector<Image>> DiskImageStore::list() const { return read_index(); }

Result<std::optional<Image>> DiskImageStore::find(const std::string& reference) const {
  const auto images = read_index();
  if (!images) return images.error();
  const auto with = [&](const auto& matches) -> std::optional<Image> {
    const auto found = std::find_if(images->begin(), images->end(), matches);
    return found == images->end() ? std::nullopt : std::optional<Image>(*found);
  };
  if (is_sha256_digest(reference)) return with([&](const Image& image) { return image.id == reference; });
  const auto parsed = ImageReference::parse(reference);
  if (!parsed) return parsed.error();
  const bool by_digest = !parsed->digest.empty();
  const std::string wanted =
      by_digest ? fmt::format("{}/{}@{}", parsed->registry, parsed->repository, parsed->digest) : parsed->to_string();
  return with([&](const Image& image) {
    const auto& names = by_digest ? image.repo_digests : image.repo_tags;
    return std::find(names.begin(), names.end(), wanted) != names.end();
  });
}

Result<Image> DiskImageStore::pull(const std::string& reference, const RegistryCredentials& credentials,
                                   std::stop_token stop) {
  const auto parsed = ImageReference::parse(reference);
  if (!parsed) return parsed.error();
  const std::string name = parsed->to_string();
  const std::string context = fmt::format("failed to pull and unpack image \"{}\"", name);
  auto work = WorkDirectory::make(directory_, stop);
  if (!work) return work.error().wrap(context);
  const auto downloads = work->subdirectory("blobs");
  if (!downloads) return downloads.error().wrap(context);
  RegistryClient client(*parsed, credentials, *downloads, std::move(stop));

  auto resolved = client.resolve();
  if (!resolved) return resolved.error().wrap(fmt::format("failed to resolve reference \"{}\"", name)).wrap(context);
  Image image;
  // A name with a digest does not move the tag that may stand beside it.
  if (parsed->digest.empty()) image.repo_tags.push_back(name);
  image.repo_digests.push_back(
      fmt::format("{}/{}@{}", parsed->registry, parsed->repository, resolved->descriptor.digest));
  std::string text = std::move(resolved->text);
  if (resolved->descriptor.is_index()) {
    const auto chosen = choose_platform(text);
    if (!chosen) return chosen.error().wrap(context);
    auto manifest = client.document(*chosen);
    if (!manifest) return manifest.error().wrap(context);
    text = std::move(*manifest);
  }
  const auto manifest = parse_manifest(text);
  if (!manifest) return manifest.error().wrap(context);
  const auto document = client.document(manifest->config);
  if (!document) return document.error().wrap(context);
  auto configuration = parse_configuration(*document);
  if (!configuration) return configuration.error().wrap(context);
  image.id = manifest->config.digest;
  image.config = std::move(configuration->config);
  auto installed = install(std::move(image), configuration->diff_ids, manifest->layers, client, *work);
  if (!installed) return installed.error().wrap(context);
  return installed;
}

Result<std::vector<Image>> DiskImageStore::load(const std::string& archive_path) {
  const std::string context = "load " + archive_path;
  if (::access(archive_path.c_str(), R_OK) != 0) return errno_error(context);
  auto work = WorkDirectory::make(directory_, std::stop_token());
  if (!work) return work.error().wrap(context);
  const auto directory = work->subdirectory("archive");
  if (!directory) return directory.error().wrap(context);
  if (auto unpacked = unpack_archive(archive_path, *directory); !unpacked) return unpacked.error().wrap(context);
  const auto archive = ImageArchive::open(*directory);
  if (!archive) return archive.error().wrap(context);
  std::vector<Image> images;
  for (const ArchivedImage& archived : (*archive)->images()) {
    auto configuration = parse_configuration(archived.configuration);
    if (!configuration) return configuration.error().wrap(context);
    Image image;
    image.id = archived.configuration_digest;
    image.config = std::move(configuration->config);
    image.repo_tags = archived.names;
    for (const std::string& name : archived.names) {
      const auto reference = ImageReference::parse(name);
      if (!reference || archived.manifest_digest.empty()) continue;
      image.repo_digests.push_back(
          fmt::format("{}/{}@{}", reference->registry, reference->repository, archived.manifest_digest));
    }
    auto installed = install(std::move(image), configuration->diff_ids, archived.layers, **archive, *work);
    if (!installed) return installed.error().wrap(context);
    images.push_back(std::move(*installed));
  }
  return images;
}

Result<Image> DiskImageStore::install(Image image, const std::vector<std::string>& diff_ids,
                                      const std::vector<Descriptor>& layers, BlobSource& source,
                                      const WorkDirectory& work) {
  if (diff_ids.size() != layers.size()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("the configuration knows {} layers, the manifest {}", diff_ids.size(), layers.size())};
  }
  if (auto unpacked = unpack_missing(diff_ids, layers, source, work); !unpacked) return unpacked.error();
  if (auto entered = enter(image, diff_ids, work); !entered) return entered.error();
  return image;
}

Result<void> DiskImageStore::unpack_missing(const std::vector<std::string>& diff_ids,
                                            const std::vector<Descriptor>& layers, BlobSource& source,
                                            const WorkDirectory& work) const {
  for (std::size_t i = 0; i < diff_ids.size(); ++i) {
    const std::string directory = work.layer(diff_ids[i]);
    if (fs::exists(layer_directory(diff_ids[i])) || fs::exists(directory)) continue;
    const auto file = source.layer(layers[i]);
    if (!file) return file.error();
    if (auto made = make_directories(directory); !made) return made;
    const auto unpacked = unpack_layer(*file, directory, work.stop());
    if (!unpacked) return unpacked.error().wrap(fmt::format("layer {}", diff_ids[i]));
    if (unpacked->diff_id != diff_ids[i]) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("layer {} is damaged: its content is {}", diff_ids[i], unpacked->diff_id)};
    }
    // Beside the directory that it describes; both move together.
    std::ofstream(directory + ".size") << unpacked->size_bytes;
  }
  return {};
}

Result<void> DiskImageStore::enter(Image& image, const std::vector<std::string>& diff_ids, const WorkDirectory& work) {
  const auto lock = lock_file(directory_ + "/lock", true);
  if (!lock) return lock.error();
  for (const std::string& diff_id : diff_ids) {
    const std::string target = layer_directory(diff_id);
    if (!fs::exists(target)) {
      const std::string unpacked = work.layer(diff_id);
      // Gone: another operation removed the layer between our look and now.
      if (::rename((unpacked + ".size").c_str(), (target + ".size").c_str()) != 0 ||
          ::rename(unpacked.c_str(), target.c_str()) != 0) {
        return errno_error("install layer " + diff_id);
      }
    }
    std::uint64_t size = 0;
    std::ifstream(target + ".size") >> size;
    image.size_bytes += size;
    image.layer_directories.push_back(target);
  }
  auto images = read_index();
  if (!images) return images.error();
  add_to_index(*images, image);
  if (auto written = write_index(*images); !written) return written;
  sweep(*images);
  return {};
}

Result<void> DiskImageStore::remove(const std::string& reference) {
  const auto lock = lock_file(directory_ + "/lock", true);
  if (!lock) return lock.error();
  const auto found = find(reference);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::kNotFound, fmt::format("image \"{}\" is not present", reference)};
  auto images = read_index();
  if (!images) return images.error();
  const auto image =
      std::find_if(images->begin(), images->end(), [&](const Image& other) { return other.id == (*found)->id; });
  const auto parsed = ImageReference::parse(reference);
  if (!is_sha256_digest(reference) && parsed && parsed->digest.empty())
    std::erase(image->repo_tags, parsed->to_string());
  const bool by_name = image->repo_tags.size() < (*found)->repo_tags.size();
  if (!by_name || image->repo_tags.empty()) images->erase(image);
  if (auto written = write_index(*images); !written) return written;
  sweep(*images);
  return {};
}

void DiskImageStore::sweep(const std::vector<Image>& images) const {
  std::vector<std::string> used;
  for (const Image& image : images) {
    for (const std::string& directory : image.layer_directories) {
      used.push_back(directory);
      used.push_back(directory + ".size");
    }
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_ + "/layers", ignored)) {
    if (std::find(used.begin(), used.end(), entry.path().string()) == used.end()) fs::remove_all(entry.path(), ignored);
  }
  for (const auto& entry : fs::directory_iterator(directory_ + "/work", ignored)) {
    const auto lock = lock_file(entry.path().string() + "/lock", false);
    if (lock && *lock) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace skiff::nodeagent
