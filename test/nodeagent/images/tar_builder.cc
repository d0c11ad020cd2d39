#include "test/nodeagent/images/tar_builder.h"

#include "api/base/ids.h"
#include "api/base/json.h"
#include "test/support/temp_dir.h"

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace skiff::nodeagent::testing {
void write_tar(const std::string& file, const std::vector<TarEntry>& entries, const std::string& filter) {
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), &archive_write_free);
  archive_write_set_format_pax_restricted(writer.get());
  if (filter == "gzip") {
    archive_write_add_filter_gzip(writer.get());
    // Not the time of day: the same entries are the same bytes.
    archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  }
  if (filter == "zstd") archive_write_add_filter_zstd(writer.get());
  archive_write_open_filename(writer.get(), file.c_str());
  for (const TarEntry& item : entries) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), &archive_entry_free);
    archive_entry_set_pathname(entry.get(), item.path.c_str());
    archive_entry_set_mode(entry.get(), static_cast<__LA_MODE_T>(item.mode));
    archive_entry_set_filetype(entry.get(), item.type == 'd' ? AE_IFDIR : item.type == 'l' ? AE_IFLNK : AE_IFREG);
    archive_entry_set_mtime(entry.get(), 1'000'000, 0);
    if (item.type == 'l') archive_entry_set_symlink(entry.get(), item.content.c_str());
    if (item.type == 'h') archive_entry_set_hardlink(entry.get(), item.content.c_str());
    const bool has_data = item.type == 'f';
    archive_entry_set_size(entry.get(), has_data ? static_cast<la_int64_t>(item.content.size()) : 0);
    archive_write_header(writer.get(), entry.get());
    if (has_data) archive_write_data(writer.get(), item.content.data(), item.content.size());
  }
  archive_write_close(writer.get());
}

std::string file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

BuiltLayer build_layer(const std::vector<TarEntry>& entries, const std::string& filter) {
  const skiff::test::TempDir directory;
  write_tar(directory / "plain", entries);
  write_tar(directory / "layer", entries, filter);
  return BuiltLayer{file_text(directory / "layer"), "sha256:" + sha256_hex(file_text(directory / "plain"))};
}

std::string build_configuration(const std::vector<BuiltLayer>& layers) {
  Json document = {{"os", "linux"},
                   {"config", {{"Cmd", {"/bin/run"}}, {"Env", {"A=b"}}, {"User", "1000"}, {"WorkingDir", "/w"}}},
                   {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array()}}}};
  for (const BuiltLayer& layer : layers) document["rootfs"]["diff_ids"].push_back(layer.diff_id);
  return document.dump();
}

std::string write_docker_archive(const std::string& file, const std::string& name,
                                 const std::vector<std::vector<TarEntry>>& layer_entries) {
  std::vector<BuiltLayer> layers;
  std::vector<TarEntry> entries;
  Json names = Json::array();
  for (const auto& layer : layer_entries) {
    layers.push_back(build_layer(layer, ""));
    names.push_back(std::to_string(layers.size()) + "/layer.tar");
    entries.push_back(TarEntry{names.back().get<std::string>(), layers.back().bytes});
  }
  const std::string config = build_configuration(layers);
  const std::string digest = sha256_hex(config);
  const Json manifest = Json::array({{{"Config", digest + ".json"}, {"RepoTags", {name}}, {"Layers", names}}});
  entries.push_back(TarEntry{digest + ".json", config});
  entries.push_back(TarEntry{"manifest.json", manifest.dump()});
  write_tar(file, entries);
  return "sha256:" + digest;
}

std::string write_oci_archive(const std::string& file, const std::string& name,
                              const std::vector<std::vector<TarEntry>>& layer_entries, const std::string& filter) {
  std::vector<BuiltLayer> layers;
  std::vector<TarEntry> entries;
  const auto add_blob = [&entries](const std::string& bytes) {
    const std::string hex = sha256_hex(bytes);
    entries.push_back(TarEntry{"blobs/sha256/" + hex, bytes});
    return Json{{"mediaType", "application/octet-stream"}, {"digest", "sha256:" + hex}, {"size", bytes.size()}};
  };
  Json layer_descriptors = Json::array();
  for (const auto& layer : layer_entries) {
    layers.push_back(build_layer(layer, filter));
    layer_descriptors.push_back(add_blob(layers.back().bytes));
  }
  const Json config = add_blob(build_configuration(layers));
  Json manifest = add_blob(Json{{"schemaVersion", 2}, {"config", config}, {"layers", layer_descriptors}}.dump());
  manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json";
  manifest["annotations"] = {{"org.opencontainers.image.ref.name", name}};
  entries.push_back(TarEntry{"index.json", Json{{"schemaVersion", 2}, {"manifests", {manifest}}}.dump()});
  entries.push_back(TarEntry{"oci-layout", R"({"imageLayoutVersion":"1.0.0"})"});
  write_tar(file, entries);
  return config["digest"];
}

}  // namespace skiff::nodeagent::testing
