#include "server/cli/node_flags.h"

#include "api/duration.h"
#include "api/quantity.h"
#include "nodeagent/pressure/eviction_threshold.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

namespace skiff::server {
namespace {

// "a:hello,b:world", several times, as lines of a request.
Result<std::vector<std::string>> parse_headers(const std::vector<std::string>& given) {
  std::vector<std::string> lines;
  for (const std::string& pairs : given) {
    std::istringstream stream(pairs);
    for (std::string pair; std::getline(stream, pair, ',');) {
      const auto colon = pair.find(':');
      if (colon == std::string::npos || colon == 0 || pair.find_first_of("\r\n") != std::string::npos) {
        return Error{ErrorCode::kInvalid, "--manifest-url-header: \"" + pair + "\" is not NAME:VALUE"};
      }
      const std::string name = pair.substr(0, colon);
      const auto value = pair.find_first_not_of(' ', colon + 1);
      lines.push_back(value == std::string::npos ? name + ";" : name + ": " + pair.substr(value));
    }
  }
  return lines;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(const char* flag, const std::string& text) {
  const auto duration = api::parse_go_duration(text);
  if (duration && duration->count() >= 0) return *duration;
  return Error{ErrorCode::kInvalid, std::string(flag) + ": \"" + text + "\" is no duration such as 40s"};
}

void NodeFlags::add_to(CLI::App& app) {
  const std::map<std::string, RuntimeKind> runtimes{{"oci", RuntimeKind::kOci}, {"fake", RuntimeKind::kFake}};
  app.add_option("--runtime", options.runtime, "oci: real containers; fake: simulated ones")
      ->transform(CLI::CheckedTransformer(runtimes))
      ->default_str("oci");
  app.add_option("--nodes", options.fake_nodes, "How many fake nodes")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app.add_option("--node-name", options.node_name, "The node's name (default: the host's)");
  app.add_option("--max-pods", options.max_pods, "Pods per node")->check(CLI::Range(1, 10'000))->capture_default_str();
  app.add_option("--bridge", options.bridge, "The bridge of the pod network (default: skiff0)");
  app.add_option("--cluster-dns", options.cluster_dns, "Name server of pods with dnsPolicy ClusterFirst");
  app.add_option("--container-log-max-size", log_max_size_,
                 "How large a file of a container's log may grow before the next is begun; -1: any size")
      ->capture_default_str();
  app.add_option("--container-log-max-files", options.container_log_max_files, "How many of them are kept")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  add_image_collection_to(app);
  add_pressure_to(app);
  add_static_pods_to(app);
}

void NodeFlags::add_image_collection_to(CLI::App& app) {
  app.add_option("--image-gc-high-threshold", options.image_gc_high_threshold,
                 "Percent of the disk in use from which on unused images are removed; 100: never")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--image-gc-low-threshold", options.image_gc_low_threshold, "Percent down to which they are")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--minimum-image-ttl-duration", minimum_image_age_, "How long an image stays in any case")
      ->capture_default_str();
  app.add_option("--image-maximum-gc-age", maximum_image_age_,
                 "How long an unused image stays on a disk with room; 0: for ever")
      ->capture_default_str();
}

void NodeFlags::add_pressure_to(CLI::App& app) {
  app.add_option("--pod-max-pids", pod_max_pids_, "Processes per pod; -1: any number")->capture_default_str();
  app.add_option("--eviction-hard", options.eviction_hard,
                 "Evict pods while there is less than, as in memory.available<100Mi,nodefs.available<10% "
                 "(default: only report when the node runs out of something)");
  app.add_option("--eviction-pressure-transition-period", transition_period_,
                 "How long the node says that it is under pressure after it was")
      ->capture_default_str();
}

void NodeFlags::add_static_pods_to(CLI::App& app) {
  app.add_option("--pod-manifest-path", options.pod_manifest_path,
                 "A directory with manifests of static pods, or one file");
  app.add_option("--manifest-url", options.manifest_url, "Where else to get manifests of static pods");
  app.add_option("--manifest-url-header", manifest_url_headers_,
                 "NAME:VALUE,... to send with requests for --manifest-url; may be given again");
  app.add_option("--file-check-frequency", file_check_frequency_,
                 "How often manifests are looked at when nothing is heard of them")
      ->capture_default_str();
  app.add_option("--http-check-frequency", http_check_frequency_, "How often --manifest-url is asked")
      ->capture_default_str();
}

Result<void> NodeFlags::finish_static_pods() {
  const auto of_files = parse_duration("--file-check-frequency", file_check_frequency_);
  if (!of_files) return of_files.error();
  const auto of_url = parse_duration("--http-check-frequency", http_check_frequency_);
  if (!of_url) return of_url.error();
  if (of_files->count() == 0 || of_url->count() == 0) {
    return Error{ErrorCode::kInvalid, "--file-check-frequency and --http-check-frequency must be longer than 0s"};
  }
  auto headers = parse_headers(manifest_url_headers_);
  if (!headers) return headers.error();
  options.file_check_frequency = *of_files;
  options.http_check_frequency = *of_url;
  options.manifest_url_headers = std::move(*headers);
  const bool has_manifests = !options.pod_manifest_path.empty() || !options.manifest_url.empty();
  if (has_manifests && options.runtime == RuntimeKind::kFake && options.fake_nodes != 1) {
    return Error{ErrorCode::kInvalid, "static pods belong to one node: --nodes goes without them"};
  }
  if (!options.manifest_url.empty() && !options.manifest_url.starts_with("http://") &&
      !options.manifest_url.starts_with("https://")) {
    return Error{ErrorCode::kInvalid, "--manifest-url: \"" + options.manifest_url + "\" is no http or https URL"};
  }
  return {};
}

Result<void> NodeFlags::finish_pressure() {
  options.pod_max_pids = std::max<std::int64_t>(pod_max_pids_, 0);  // upstream takes 0 and less for none
  if (options.eviction_hard) {
    const auto thresholds = nodeagent::parse_eviction_thresholds(*options.eviction_hard);
    if (!thresholds) return thresholds.error().wrap("--eviction-hard");
  }
  const auto period = parse_duration("--eviction-pressure-transition-period", transition_period_);
  if (!period) return period.error();
  options.eviction_pressure_transition_period = *period;
  return {};
}

Result<void> NodeFlags::finish_image_collection() {
  if (options.image_gc_low_threshold >= options.image_gc_high_threshold) {
    return Error{ErrorCode::kInvalid, "--image-gc-low-threshold must be less than --image-gc-high-threshold"};
  }
  const auto minimum = parse_duration("--minimum-image-ttl-duration", minimum_image_age_);
  if (!minimum) return minimum.error();
  const auto maximum = parse_duration("--image-maximum-gc-age", maximum_image_age_);
  if (!maximum) return maximum.error();
  if (maximum->count() > 0 && *maximum <= *minimum) {
    return Error{ErrorCode::kInvalid, "--image-maximum-gc-age must be longer than --minimum-image-ttl-duration"};
  }
  options.minimum_image_age = *minimum;
  options.maximum_image_age = *maximum;
  return {};
}

Result<NodeOptions> NodeFlags::finish() {
  const auto size = api::Quantity::parse(log_max_size_);
  if (!size) {
    return Error{ErrorCode::kInvalid, "--container-log-max-size: \"" + log_max_size_ + "\" is no size such as 10Mi"};
  }
  options.container_log_max_bytes = size->value();
  if (auto finished = finish_image_collection(); !finished) return finished.error();
  if (auto finished = finish_pressure(); !finished) return finished.error();
  if (auto finished = finish_static_pods(); !finished) return finished.error();
  return std::move(options);
}

}  // namespace skiff::server
