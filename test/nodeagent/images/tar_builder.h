#pragma once

#include <string>
#include <vector>

namespace skiff::nodeagent::testing {

// One entry of a tar that a test makes up, as hostile as it likes.
struct TarEntry {
  std::string path;
  std::string content;
  char type = 'f';  // f file, d directory, l symbolic link (content = target), h hard link (content = target)
  int mode = 0644;
};

// Writes the entries as a tar; `filter` compresses it ("", "gzip", "zstd").
void write_tar(const std::string& file, const std::vector<TarEntry>& entries, const std::string& filter = "");

[[nodiscard]] std::string file_text(const std::string& path);

// A layer as it travels, and the digest of its uncompressed tar.
struct BuiltLayer {
  std::string bytes;
  std::string diff_id;
};
[[nodiscard]] BuiltLayer build_layer(const std::vector<TarEntry>& entries, const std::string& filter);
// An image configuration of these layers.
[[nodiscard]] std::string build_configuration(const std::vector<BuiltLayer>& layers);

// An image archive in docker's or OCI's form, of the given layers' files (made by write_tar). Returns the image id.
std::string write_docker_archive(const std::string& file, const std::string& name,
                                 const std::vector<std::vector<TarEntry>>& layers);
std::string write_oci_archive(const std::string& file, const std::string& name,
                              const std::vector<std::vector<TarEntry>>& layers, const std::string& filter);

}  // namespace skiff::nodeagent::testing
