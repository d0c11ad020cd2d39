#include "server/controllers/deployment/revision.h"

#include "api/views/meta.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace skiff::controllers {

namespace {

// Annotations of a Deployment that say something about itself and not about its pods.
constexpr std::array<std::string_view, 6> kNotCopied = {"kubectl.kubernetes.io/last-applied-configuration",
                                                        kRevisionAnnotation,
                                                        kRevisionHistoryAnnotation,
                                                        kDesiredReplicasAnnotation,
                                                        kMaxReplicasAnnotation,
                                                        "deprecated.deployment.rollback.to"};

// Upstream keeps the history below this length by dropping the oldest.
constexpr std::size_t kMaxHistoryLength = 2000;

void append_history(Json& annotations, const std::string& revision) {
  std::string history = string_at(annotations, {kRevisionHistoryAnnotation});
  if (!history.empty()) history += ",";
  history += revision;
  while (history.size() > kMaxHistoryLength && history.find(',') != std::string::npos) {
    history.erase(0, history.find(',') + 1);
  }
  annotations[kRevisionHistoryAnnotation] = history;
}

}  // namespace

std::int64_t revision_of(const Json& object) {
  const std::string* text = api::annotation_of(object, kRevisionAnnotation);
  std::int64_t revision = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), revision);
  return revision;
}

void set_revision_annotations(Json& replica_set, const Json& deployment, std::int64_t revision) {
  const std::int64_t old_revision = revision_of(replica_set);
  Json& annotations = replica_set["metadata"]["annotations"];
  for (const auto& [name, value] : api::annotations_of(deployment).items()) {
    if (std::find(kNotCopied.begin(), kNotCopied.end(), name) == kNotCopied.end()) annotations[name] = value;
  }
  if (old_revision >= revision) return;
  annotations[kRevisionAnnotation] = std::to_string(revision);
  if (old_revision > 0) append_history(annotations, std::to_string(old_revision));
}

void set_replicas_annotations(Json& replica_set, int desired, int max) {
  Json& annotations = replica_set["metadata"]["annotations"];
  annotations[kDesiredReplicasAnnotation] = std::to_string(desired);
  annotations[kMaxReplicasAnnotation] = std::to_string(max);
}

}  // namespace skiff::controllers
