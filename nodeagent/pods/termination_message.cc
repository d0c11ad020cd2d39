#include "nodeagent/pods/termination_message.h"

#include "nodeagent/pods/pod_view.h"
#include "nodeagent/streaming/log_files.h"
#include "nodeagent/streaming/log_lines.h"

namespace skiff::nodeagent {

namespace {

constexpr std::int64_t kLogLines = 80;
constexpr std::size_t kLogBytes = 2048;
constexpr std::size_t kPodBytes = 12 * 1024;

void keep_end(std::string& text, std::size_t size) {
  if (text.size() > size) text.erase(0, text.size() - size);
}

std::string end_of_log(const std::string& path) {
  LogReader log(path, kLogLines);
  LogFormatter formatter{LogFormatter::Options()};
  std::string text;
  for (;;) {
    const auto block = log.read();
    if (!block || block->empty()) break;
    text += formatter.add(*block);
    keep_end(text, kLogBytes);
  }
  return text;
}

}  // namespace

std::string read_termination_message(const PodFiles& files, const Json& pod, const ContainerStatus& run) {
  const std::string uid = api::uid_of(pod);
  const Json* container = find_container(pod, run.name);
  const bool falls_back =
      container != nullptr && string_at(*container, {"terminationMessagePolicy"}) == "FallbackToLogsOnError";
  std::string message = files.read_termination_message(uid, run.name, run.attempt);
  if (message.empty() && falls_back && run.exit_code != 0) {
    message = end_of_log(files.log_path(uid, run.name, run.attempt));
  }
  const std::size_t containers = containers_of(pod).size() + init_containers_of(pod).size();
  if (containers > 0 && message.size() > kPodBytes / containers) message.resize(kPodBytes / containers);
  return message;
}

}  // namespace skiff::nodeagent
