#pragma once

#include "server/cli/options.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace skiff::server {

// The flags that say what a node is like, whichever command runs it.
class NodeFlags {
 public:
  void add_to(CLI::App& app);
  // Once the command line is parsed: what the flags mean together. kInvalid: one line for the user.
  [[nodiscard]] Result<NodeOptions> finish();

  // What the parser writes, and other flags as well.
  NodeOptions options;

 private:
  void add_image_collection_to(CLI::App& app);
  void add_pressure_to(CLI::App& app);
  void add_static_pods_to(CLI::App& app);
  [[nodiscard]] Result<void> finish_image_collection();
  [[nodiscard]] Result<void> finish_pressure();
  [[nodiscard]] Result<void> finish_static_pods();

  // As the user writes them.
  std::string log_max_size_ = "10Mi";
  std::int64_t pod_max_pids_ = -1;
  std::string minimum_image_age_ = "2m";
  std::string maximum_image_age_ = "0s";
  std::string transition_period_ = "5m";
  std::string file_check_frequency_ = "20s";
  std::string http_check_frequency_ = "20s";
  std::vector<std::string> manifest_url_headers_;
};

// The value of a flag that takes a duration, positive or 0. kInvalid names the flag.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(const char* flag, const std::string& text);

}  // namespace skiff::server
