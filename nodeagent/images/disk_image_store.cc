#include "nodeagent/images/disk_image_store.h"

#include "api/base/files.h"
#include "nodeagent/images/image_archive.h"
#include "nodeagent/images/image_index.h"
#include "nodeagent/images/layer.h"
#include "nodeagent/images/registry_client.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

namespace skiff::nodeagent {
namespace {

namespace fs = std::filesystem;

// The part of a digest that names a directory.
std::string hex_of(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

// Where an operation unpacks a layer.
std::string unpacked_layer(const WorkDirectory& work, const std::string& diff_id) {
  return work.path("layer-" + hex_of(diff_id));
}

bool has_layer(const std::vector<Image>& images, const std::string& directory) {
  return std::any_of(images.begin(), images.end(), [&](const Image& image) {
    const auto& layers = image.layer_directories;
    return std::find(layers.begin(), layers.end(), directory) != layers.end();
  });
}

std::uint64_t layer_size(const std::string& directory) {
  std::uint64_t size = 0;
  std::ifstream(directory + ".size") >> size;
  return size;
}

Error not_present(const std::string& reference) {
  return Error{ErrorCode::kNotFound, fmt::format("image \"{}\" is not present", reference)};
}

}  // namespace

Result<std::unique_ptr<DiskImageStore>> DiskImageStore::open(std::string directory) {
  for (const char* name : {"layers", "used", "work"}) {
    if (auto made = make_directories(directory + "/" + name); !made) return made.error();
  }
  return std::unique_ptr<DiskImageStore>(new DiskImageStore(std::move(directory)));
}

std::string DiskImageStore::layer_directory(const std::string& diff_id) const {
  return directory_ + "/layers/" + hex_of(diff_id);
}

std::string DiskImageStore::use_mark(const std::string& id) const { return directory_ + "/used/" + hex_of(id); }

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

Result<std::vector<Image>> DiskImageStore::list() const {
  auto images = read_index();
  if (!images) return images;
  for (Image& image : *images) {
    struct stat mark {};
    if (::stat(use_mark(image.id).c_str(), &mark) != 0) continue;
    image.last_used = std::chrono::system_clock::from_time_t(mark.st_mtim.tv_sec);
  }
  return images;
}

Result<std::optional<Image>> DiskImageStore::find(const std::string& reference) const {
  const auto name = normal_image_name(reference);
  if (!name) return name.error();
  const auto images = read_index();
  if (!images) return images.error();
  const auto found =
      std::find_if(images->begin(), images->end(), [&](const Image& image) { return is_called(image, *name); });
  return found == images->end() ? std::nullopt : std::optional<Image>(*found);
}

Result<Image> DiskImageStore::pull(const std::string& reference, const RegistryCredentials& credentials,
                                   std::stop_token stop) {
  return fetch(Image(), reference, credentials, std::move(stop));
}

Result<Image> DiskImageStore::pull_pinned(const std::string& reference) {
  Image image;
  image.pinned = true;
  return fetch(std::move(image), reference, RegistryCredentials(), std::stop_token());
}

Result<Image> DiskImageStore::fetch(Image image, const std::string& reference, const RegistryCredentials& credentials,
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
  auto work = WorkDirectory::make(directory_);
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
    image.pinned = true;
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
  // What is unpacked once stays ours until it is entered, so each turn is about fewer layers.
  for (;;) {
    if (auto unpacked = unpack_missing(diff_ids, layers, source, work); !unpacked) return unpacked.error();
    const auto entered = enter(image, diff_ids, work);
    if (!entered) return entered.error();
    if (*entered) return image;
  }
}

Result<void> DiskImageStore::unpack_missing(const std::vector<std::string>& diff_ids,
                                            const std::vector<Descriptor>& layers, BlobSource& source,
                                            const WorkDirectory& work) const {
  const auto images = read_index();
  if (!images) return images.error();
  for (std::size_t i = 0; i < diff_ids.size(); ++i) {
    const std::string directory = unpacked_layer(work, diff_ids[i]);
    if (has_layer(*images, layer_directory(diff_ids[i])) || fs::exists(directory)) continue;
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

Result<bool> DiskImageStore::enter(Image& image, const std::vector<std::string>& diff_ids, const WorkDirectory& work) {
  const auto lock = lock_file(directory_ + "/lock", true);
  if (!lock) return lock.error();
  auto images = read_index();
  if (!images) return images.error();
  const auto is_at_hand = [&](const std::string& diff_id) {
    return has_layer(*images, layer_directory(diff_id)) || fs::exists(unpacked_layer(work, diff_id));
  };
  if (!std::all_of(diff_ids.begin(), diff_ids.end(), is_at_hand)) return false;
  for (const std::string& diff_id : diff_ids) {
    const std::string target = layer_directory(diff_id);
    const std::string unpacked = unpacked_layer(work, diff_id);
    if (!has_layer(*images, target) && fs::exists(unpacked)) {
      static_cast<void>(take_away_layer(target, work));
      if (::rename((unpacked + ".size").c_str(), (target + ".size").c_str()) != 0 ||
          ::rename(unpacked.c_str(), target.c_str()) != 0) {
        return errno_error("install layer " + diff_id);
      }
    }
    image.size_bytes += layer_size(target);
    image.layer_directories.push_back(target);
  }
  image.stored_at = std::chrono::system_clock::now();
  add_to_index(*images, image);
  if (auto written = write_index(*images); !written) return written.error();
  sweep(*images, work);
  return true;
}

Result<void> DiskImageStore::mark_used(const std::vector<std::string>& ids, TimePoint when) {
  const std::array<timespec, 2> times = {
      {{0, UTIME_OMIT}, {std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count(), 0}}};
  for (const std::string& id : ids) {
    const std::string path = use_mark(id);
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file || ::futimens(file.get(), times.data()) != 0) return errno_error("mark " + path);
  }
  return {};
}

Result<std::uint64_t> DiskImageStore::remove(const std::string& reference) {
  const auto name = normal_image_name(reference);
  if (!name) return name.error();
  const auto work = WorkDirectory::make(directory_);
  if (!work) return work.error();
  const auto lock = lock_file(directory_ + "/lock", true);
  if (!lock) return lock.error();
  auto images = read_index();
  if (!images) return images.error();
  const auto image =
      std::find_if(images->begin(), images->end(), [&](const Image& other) { return is_called(other, *name); });
  if (image == images->end()) return not_present(reference);
  const bool by_tag = std::erase(image->repo_tags, *name) > 0;
  if (!by_tag || image->repo_tags.empty()) images->erase(image);
  if (auto written = write_index(*images); !written) return written.error();
  return sweep(*images, *work);
}

std::uint64_t DiskImageStore::take_away_layer(const std::string& directory, const WorkDirectory& work) const {
  const std::string unused = work.path("unused-" + fs::path(directory).filename().string());
  const std::uint64_t size = layer_size(directory);
  static_cast<void>(::rename((directory + ".size").c_str(), (unused + ".size").c_str()));
  return ::rename(directory.c_str(), unused.c_str()) == 0 ? size : 0;
}

std::uint64_t DiskImageStore::sweep(const std::vector<Image>& images, const WorkDirectory& work) const {
  std::uint64_t size_bytes = 0;
  for (const std::string& name : list_directory(directory_ + "/layers")) {
    // One without a file that tells its size is as good as any other.
    const std::string layer = directory_ + "/layers/" + name.substr(0, name.find('.'));
    if (!has_layer(images, layer)) size_bytes += take_away_layer(layer, work);
  }
  std::set<std::string> known;
  for (const Image& image : images) known.insert(hex_of(image.id));
  for (const std::string& name : list_directory(directory_ + "/used")) {
    if (!known.contains(name)) static_cast<void>(::unlink((directory_ + "/used/" + name).c_str()));
  }
  WorkDirectory::sweep_dead(directory_);
  return size_bytes;
}

}  // namespace skiff::nodeagent
