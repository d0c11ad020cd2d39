#include "nodeagent/static_pods/static_pods.h"

#include "api/base/log.h"
#include "api/views/meta.h"
#include "nodeagent/pods/pod_view.h"

namespace skiff::nodeagent {

namespace {

using std::chrono::steady_clock;

// After the first news of a file: whoever writes it writes on, and others perhaps as well.
constexpr std::chrono::milliseconds kSettleTime{50};

}  // namespace

StaticPods::StaticPods(asio::any_io_executor executor, asio::thread_pool& pool, const Clock& clock,
                       std::string node_name, StaticPodOptions options, Listener listener)
    : pool_(pool),
      clock_(clock),
      node_name_(std::move(node_name)),
      options_(std::move(options)),
      listener_(std::move(listener)),
      files_changed_(executor),
      stop_url_(executor),
      watch_(executor, [this] { files_changed_.notify(); }),
      manifest_url_(executor, options_.manifest_url, options_.manifest_url_headers),
      tasks_(executor) {}

Task<void> StaticPods::start() {
  if (!options_.manifest_path.empty()) {
    co_await check_files();
    tasks_.spawn(follow_files());
  }
  if (!options_.manifest_url.empty()) tasks_.spawn(follow_url());
}

Task<void> StaticPods::stop() {
  stopping_ = true;
  watch_.stop();
  manifest_url_.cancel();
  files_changed_.notify();
  stop_url_.notify();
  co_await tasks_.join();
}

Task<void> StaticPods::follow_files() {
  while (!stopping_) {
    const bool changed = co_await files_changed_.wait_until(steady_clock::now() + options_.file_check_frequency);
    if (changed) co_await settle();
    if (!stopping_) co_await check_files();
  }
}

Task<void> StaticPods::settle() {
  const auto until = steady_clock::now() + kSettleTime;
  while (!stopping_ && co_await files_changed_.wait_until(until)) {
  }
}

Task<void> StaticPods::follow_url() {
  while (!stopping_) {
    co_await check_url();
    if (!stopping_) co_await stop_url_.wait_until(steady_clock::now() + options_.http_check_frequency);
  }
}

Result<StaticPods::Findings> StaticPods::read_files(const StaticPodOptions& options, const std::string& node_name,
                                                    TimePoint now) {
  const auto files = read_manifest_files(options.manifest_path);
  if (!files) return files.error();
  Findings findings;
  for (const ManifestFile& file : *files) {
    const ManifestSource source{ManifestSource::Kind::kFile, file.path, node_name};
    Result<std::vector<Json>> pods = Error{};
    if (file.text) {
      pods = read_static_pods(*file.text, source, now, options.rules);
    } else {
      pods = file.text.error();
    }
    if (!pods) {
      findings.problems.insert("Could not process manifest file \"" + file.path + "\": " + pods.error().message);
      continue;
    }
    for (Json& pod : *pods) findings.pods.push_back(std::move(pod));
  }
  return findings;
}

Task<void> StaticPods::check_files() {
  // First, so that what changes while it is read is read again.
  watch_.watch(options_.manifest_path);
  auto read = [this, now = clock_.now()] { return read_files(options_, node_name_, now); };
  auto findings = co_await run_blocking(pool_, std::move(read));
  if (stopping_) co_return;
  if (!findings) {
    std::set<std::string> problems{"Unable to read config path \"" + options_.manifest_path +
                                   "\": " + findings.error().message};
    report(files_, std::move(problems));
    co_return;
  }
  take(files_, std::move(*findings));
}

ManifestSource StaticPods::url_source() const {
  return {ManifestSource::Kind::kHttp, options_.manifest_url, node_name_};
}

Task<void> StaticPods::check_url() {
  const auto text = co_await manifest_url_.fetch();
  if (!stopping_) take_url_answer(text);
}

void StaticPods::take_url_answer(const Result<std::string>& text) {
  const std::string cannot = "Failed to read pods from URL: ";
  if (!text) return report(url_, {cannot + text.error().message});
  if (url_.seen && *text == url_text_) return report(url_, {});
  Findings findings;
  if (text->empty()) {
    findings.problems.insert(cannot + "zero-length data received from " + options_.manifest_url);
  } else {
    auto pods = read_static_pods(*text, url_source(), clock_.now(), options_.rules);
    // What was there before is not taken back by a mistake.
    if (!pods) return report(url_, {cannot + pods.error().message});
    findings.pods = std::move(*pods);
  }
  url_text_ = *text;
  take(url_, std::move(findings));
}

void StaticPods::report(Source& source, std::set<std::string> problems) {
  for (const std::string& problem : problems) {
    if (source.problems.contains(problem)) continue;
    spdlog::warn("{}", problem);
    listener_.complain(problem);
  }
  source.problems = std::move(problems);
}

void StaticPods::take(Source& source, Findings findings) {
  Pods pods;
  for (Json& pod : findings.pods) {
    const api::NamespacedName name = api::key_of(pod);
    if (pods.contains(name)) {
      findings.problems.insert("Error validating pod " + describe_pod(pod) + " from " + source.name +
                               " due to duplicate pod name \"" + name.name + "\", ignoring");
      continue;
    }
    // What has not changed keeps the time at which it was first seen.
    const auto known = source.pods.find(name);
    const bool same = known != source.pods.end() && api::uid_of(*known->second) == api::uid_of(pod);
    pods[name] = same ? known->second : std::make_shared<const Json>(std::move(pod));
  }
  source.pods = std::move(pods);
  source.seen = true;
  report(source, std::move(findings.problems));
  compare();
  if (all_seen() && !std::exchange(told_all_seen_, true)) listener_.all_seen();
}

// Brings what was started closer to what the manifests ask for.
void StaticPods::compare() {
  Pods wanted = files_.pods;
  wanted.insert(url_.pods.begin(), url_.pods.end());
  for (auto& [name, started] : started_) {
    const auto found = wanted.find(name);
    const bool stays = found != wanted.end() && api::uid_of(*found->second) == api::uid_of(*started.pod);
    if (stays || std::exchange(started.ending, true)) continue;
    spdlog::info("static pod {}: its manifest is gone, or another one", describe_pod(*started.pod));
    listener_.end(started.pod);
  }
  for (const auto& [name, pod] : wanted) {
    if (!started_.try_emplace(name, Started{pod}).second) continue;
    listener_.start(pod);
  }
}

void StaticPods::pod_ended(const api::NamespacedName& name) {
  if (started_.erase(name) > 0 && !stopping_) compare();
}

}  // namespace skiff::nodeagent
