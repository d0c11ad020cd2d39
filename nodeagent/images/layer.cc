#include "nodeagent/images/layer.h"

#include "nodeagent/images/image.h"
#include "nodeagent/images/sha256.h"

#include <archive.h>
#include <archive_entry.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>

namespace skiff::nodeagent {
namespace {

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

constexpr std::size_t kBlock = 64 * 1024;
constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kOpaqueMarker = ".wh..wh..opq";

Error archive_error(archive* reader, std::string_view context) {
  const char* text = archive_error_string(reader);
  const int code = archive_errno(reader);
  if (code == ENOSPC || code == EROFS || code == EACCES || code == EPERM) return errno_error(context, code);
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", context, text != nullptr ? text : "not an archive")};
}

// The uncompressed bytes of a file, hashed on their way to the tar reader.
class PlainStream {
 public:
  PlainStream() : reader_(archive_read_new(), &archive_read_free) {}

  Result<void> open(const std::string& path) {
    archive_read_support_filter_all(reader_.get());
    archive_read_support_format_raw(reader_.get());
    archive_read_support_format_empty(reader_.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader_.get(), path.c_str(), kBlock) != ARCHIVE_OK ||
        archive_read_next_header(reader_.get(), &entry) != ARCHIVE_OK) {
      return archive_error(reader_.get(), "open " + path);
    }
    return {};
  }

  // libarchive's read callback.
  static la_ssize_t read(archive* tar, void* self, const void** block) {
    auto& stream = *static_cast<PlainStream*>(self);
    const la_ssize_t size = stream.fill();
    if (size < 0) archive_set_error(tar, EINVAL, "%s", archive_error_string(stream.reader_.get()));
    *block = stream.buffer_.data();
    return size;
  }

  // What the tar reader left behind the end of the archive counts for the digest, too.
  Result<std::string> finish() {
    la_ssize_t size = 0;
    while ((size = fill()) > 0) {
    }
    if (size < 0) return archive_error(reader_.get(), "read layer");
    return hash_.digest();
  }

 private:
  la_ssize_t fill() {
    const la_ssize_t size = archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
    if (size > 0) hash_.update({buffer_.data(), static_cast<std::size_t>(size)});
    return size;
  }

  Reader reader_;
  Sha256 hash_;
  std::array<char, kBlock> buffer_{};
};

// "a/b" of "./a/b", "/a/b", "a/b/"; empty for the root itself.
std::string relative_path(std::string_view path) {
  while (path.starts_with('/') || path.starts_with("./")) path.remove_prefix(path.front() == '/' ? 1 : 2);
  while (path.ends_with('/')) path.remove_suffix(1);
  return path == "." ? std::string() : std::string(path);
}

// The target's path with all symbolic links resolved, since libarchive's check of links covers the whole path.
Result<std::string> real_path(const std::string& path) {
  std::array<char, PATH_MAX> resolved{};
  if (realpath(path.c_str(), resolved.data()) == nullptr) return errno_error("resolve " + path);
  return std::string(resolved.data());
}

Result<void> copy_data(archive* from, archive* to) {
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  int code = ARCHIVE_OK;
  while ((code = archive_read_data_block(from, &block, &size, &offset)) == ARCHIVE_OK) {
    if (archive_write_data_block(to, block, size, offset) < ARCHIVE_OK) return archive_error(to, "write");
  }
  if (code != ARCHIVE_EOF) return archive_error(from, "read");
  return {};
}

// Writes the entries of a tar below one directory.
class TarExtractor {
 public:
  // Looks at an entry before it is written and may change it; false leaves it out.
  using Filter = std::function<Result<bool>(archive_entry* entry, const std::string& path)>;

  TarExtractor(archive* tar, std::string directory, int flags)
      : tar_(tar), disk_(archive_write_disk_new(), &archive_write_free), directory_(std::move(directory)) {
    archive_write_disk_set_options(disk_.get(),
                                   flags | ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_SYMLINKS);
  }

  Result<std::uint64_t> run(const Filter& filter) {
    std::uint64_t size_bytes = 0;
    archive_entry* entry = nullptr;
    int code = ARCHIVE_OK;
    while ((code = archive_read_next_header(tar_, &entry)) == ARCHIVE_OK) {
      const char* raw = archive_entry_pathname(entry);
      if (raw == nullptr) return Error{ErrorCode::kInvalid, "an entry's name is not text"};
      const std::string path = relative_path(raw);
      if (path.empty()) continue;
      auto wanted = filter(entry, path);
      if (!wanted) return wanted.error().wrap(path);
      if (!*wanted) continue;
      if (auto written = write(entry, archive_entry_pathname(entry)); !written) return written.error().wrap(path);
      if (archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr) {
        size_bytes += static_cast<std::uint64_t>(archive_entry_size(entry));
      }
    }
    if (code != ARCHIVE_EOF) return archive_error(tar_, "read archive");
    if (archive_write_close(disk_.get()) != ARCHIVE_OK) return archive_error(disk_.get(), "finish");
    return size_bytes;
  }

 private:
  Result<void> write(archive_entry* entry, const std::string& path) {
    archive_entry_set_pathname(entry, (directory_ + "/" + relative_path(path)).c_str());
    if (const char* target = archive_entry_hardlink(entry); target != nullptr) {
      archive_entry_set_hardlink(entry, (directory_ + "/" + relative_path(target)).c_str());
    }
    if (archive_write_header(disk_.get(), entry) != ARCHIVE_OK) return archive_error(disk_.get(), "create");
    if (archive_entry_size(entry) > 0) {
      if (auto copied = copy_data(tar_, disk_.get()); !copied) return copied;
    }
    if (archive_write_finish_entry(disk_.get()) != ARCHIVE_OK) return archive_error(disk_.get(), "finish");
    return {};
  }

  archive* tar_;
  Reader disk_;
  const std::string directory_;
};

// Turns the layer format's marks for removed files into overlayfs' own.
Result<bool> translate_whiteout(archive_entry* entry, const std::string& path, const std::string& directory) {
  const std::filesystem::path full(path);
  const std::string name = full.filename().string();
  if (name == kOpaqueMarker) {
    const std::string parent = full.has_parent_path() ? directory + "/" + full.parent_path().string() : directory;
    // A link on the way would lead out of the layer.
    if (const auto real = real_path(parent); !real || *real != parent) {
      return Error{ErrorCode::kInvalid, "marks a directory that the layer does not hold"};
    }
    if (lsetxattr(parent.c_str(), "trusted.overlay.opaque", "y", 1, 0) != 0) return errno_error("mark opaque");
    return false;
  }
  if (!name.starts_with(kWhiteoutPrefix)) return true;
  const std::string hidden = (full.parent_path() / name.substr(kWhiteoutPrefix.size())).string();
  archive_entry_set_pathname(entry, hidden.c_str());
  archive_entry_set_filetype(entry, AE_IFCHR);
  archive_entry_set_rdev(entry, makedev(0, 0));
  archive_entry_set_size(entry, 0);
  return true;
}

}  // namespace

Result<UnpackedLayer> unpack_layer(const std::string& layer_file, const std::string& directory,
                                   const std::stop_token& stop) {
  const auto target = real_path(directory);
  if (!target) return target.error();
  PlainStream plain;
  if (auto opened = plain.open(layer_file); !opened) return opened.error();
  const Reader tar(archive_read_new(), &archive_read_free);
  archive_read_support_format_tar(tar.get());
  archive_read_support_format_empty(tar.get());
  if (archive_read_open(tar.get(), &plain, nullptr, &PlainStream::read, nullptr) != ARCHIVE_OK) {
    return archive_error(tar.get(), "read layer");
  }
  constexpr int kFlags = ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR |
                         ARCHIVE_EXTRACT_UNLINK;
  TarExtractor extractor(tar.get(), *target, kFlags);
  const auto size = extractor.run([&](archive_entry* entry, const std::string& path) -> Result<bool> {
    if (stop.stop_requested()) return pull_canceled();
    return translate_whiteout(entry, path, *target);
  });
  if (!size) return size.error();
  auto diff_id = plain.finish();
  if (!diff_id) return diff_id.error();
  return UnpackedLayer{std::move(*diff_id), *size};
}

Result<void> unpack_archive(const std::string& archive_file, const std::string& directory) {
  const auto target = real_path(directory);
  if (!target) return target.error();
  const Reader tar(archive_read_new(), &archive_read_free);
  archive_read_support_filter_all(tar.get());
  archive_read_support_format_tar(tar.get());
  if (archive_read_open_filename(tar.get(), archive_file.c_str(), kBlock) != ARCHIVE_OK) {
    return archive_error(tar.get(), "open " + archive_file);
  }
  TarExtractor extractor(tar.get(), *target, 0);
  const auto size = extractor.run([](archive_entry* entry, const std::string&) -> Result<bool> {
    // `docker save` of old links layers that are the same to each other: "../<id>/layer.tar".
    const auto type = archive_entry_filetype(entry);
    return type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK;
  });
  if (!size) return size.error();
  return {};
}

}  // namespace skiff::nodeagent
