#pragma once

#include "api/base/clock.h"
#include "api/base/task.h"
#include "api/client.h"
#include "nodeagent/file_watch.h"
#include "nodeagent/static_pods/manifest_files.h"
#include "nodeagent/static_pods/manifest_url.h"
#include "nodeagent/static_pods/static_pod.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace skiff::nodeagent {

struct StaticPodOptions {
  std::string manifest_path;                      // absolute; a directory of files, or one file; empty: none
  std::string manifest_url;                       // empty: none
  std::vector<std::string> manifest_url_headers;  // as HttpRequest has them
  // How often the files are looked at even when nothing is heard of them, and the URL is asked.
  std::chrono::nanoseconds file_check_frequency = std::chrono::seconds(20);
  std::chrono::nanoseconds http_check_frequency = std::chrono::seconds(20);
  PodRules rules;

  [[nodiscard]] bool has_sources() const { return !manifest_path.empty() || !manifest_url.empty(); }
};

// The pods that manifests on the node ask for: what the watch of the API is for all others.
//
// Operation: reads files and URL again and again, and says which pods are to start and which are to end. A pod whose
// manifest changed is another pod of the same name: it starts when pod_ended() was told of the one before. Of two
// manifests with one name the first counts, files before the URL. A manifest that cannot be used counts as absent; what
// is wrong with it is said once, until that changes. While a source cannot be read at all its pods stay.
// Concurrency: everything on the executor given, but for the reading of files, which runs on the pool.
// It will not: run pods, or ask the API anything.
class StaticPods {
 public:
  struct Listener {
    std::function<void(const api::ObjectPtr& pod)> start;
    std::function<void(const api::ObjectPtr& pod)> end;
    // A manifest that cannot be used, for the node's events.
    std::function<void(const std::string& problem)> complain;
    // Each source has been read once: pods that nobody asked to start are nobody's.
    std::function<void()> all_seen;
  };

  StaticPods(asio::any_io_executor executor, asio::thread_pool& pool, const Clock& clock, std::string node_name,
             StaticPodOptions options, Listener listener);

  // Returns when the files have been read, and their pods started.
  Task<void> start();
  Task<void> stop();

  // Nothing is left on the node of a pod that was to end.
  void pod_ended(const api::NamespacedName& name);

  [[nodiscard]] bool all_seen() const { return files_.seen && url_.seen; }

  // One look at the sources, as start() takes them in turn. For tests, which do not wait for the next.
  Task<void> check_files();
  Task<void> check_url();

 private:
  using Pods = std::map<api::NamespacedName, api::ObjectPtr>;
  // What a source had when it was last read.
  struct Source {
    const char* name;  // as in the annotation
    bool seen;
    Pods pods;
    std::set<std::string> problems;
  };
  // What one look at a source found.
  struct Findings {
    std::vector<Json> pods;
    std::set<std::string> problems;
  };
  struct Started {
    api::ObjectPtr pod;
    bool ending = false;
  };

  [[nodiscard]] static Result<Findings> read_files(const StaticPodOptions& options, const std::string& node_name,
                                                   TimePoint now);
  Task<void> follow_files();
  Task<void> follow_url();
  Task<void> settle();
  [[nodiscard]] ManifestSource url_source() const;
  void take_url_answer(const Result<std::string>& text);
  void report(Source& source, std::set<std::string> problems);
  void take(Source& source, Findings findings);
  void compare();

  asio::thread_pool& pool_;
  const Clock& clock_;
  const std::string node_name_;
  const StaticPodOptions options_;
  Listener listener_;
  Source files_{"file", options_.manifest_path.empty(), {}, {}};
  Source url_{"http", options_.manifest_url.empty(), {}, {}};
  std::string url_text_;  // that url_.pods are from
  std::map<api::NamespacedName, Started> started_;
  Signal files_changed_;
  Signal stop_url_;
  FileWatch watch_;
  ManifestUrl manifest_url_;
  TaskGroup tasks_;
  bool told_all_seen_ = false;
  bool stopping_ = false;
};

}  // namespace skiff::nodeagent
