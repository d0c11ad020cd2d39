#include "server/registry/removal.h"

#include "api/views/meta.h"
#include "server/registry/object_meta.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr const char* kOrphan = "orphan";
constexpr const char* kForeground = "foregroundDeletion";

api::Result<void> check_options(const api::DeleteOptions& options) {
  const std::string& policy = options.propagation_policy;
  if (policy.empty() || policy == "Background" || policy == "Foreground" || policy == "Orphan") return {};
  api::FieldErrors errors;
  errors.not_supported("propagationPolicy", policy, {"Foreground", "Background", "Orphan", "nil"});
  return api::invalid("meta.k8s.io", "DeleteOptions", "", errors);
}

api::Result<void> check_preconditions(const Kind& kind, const store::Record& record, const Json& current,
                                      const api::DeleteOptions& options) {
  const std::string name = string_at(current, {"metadata", "name"});
  const std::string uid = string_at(current, {"metadata", "uid"});
  const std::string version = std::to_string(record.mod_revision);
  // Upstream names the kind here where other conflicts name the plural.
  if (!options.uid.empty() && options.uid != uid) {
    return api::conflict(kind.group(), kind.kind, name,
                         "the UID in the precondition (" + options.uid + ") does not match the UID in record (" + uid +
                             "). The object might have been deleted and then recreated");
  }
  if (!options.resource_version.empty() && options.resource_version != version) {
    return api::conflict(kind.group(), kind.kind, name,
                         "the ResourceVersion in the precondition (" + options.resource_version +
                             ") does not match the ResourceVersion in record (" + version +
                             "). The object might have been modified");
  }
  return {};
}

// The policy asked for. Without one the finalizers that are there decide ("" leaves them), and then the kind.
std::string propagation_policy(const Strategy& strategy, const Json& object, const api::DeleteOptions& options) {
  if (!options.propagation_policy.empty() || !strategy.orphans_dependents()) return options.propagation_policy;
  const bool decided = api::has_finalizer(object, kOrphan) || api::has_finalizer(object, kForeground);
  return decided ? "" : "Orphan";
}

// The finalizers that ask the garbage collector for the propagation policy.
void set_propagation(Json& object, const std::string& policy) {
  if (policy.empty()) return;
  Json& metadata = metadata_of(object);
  Json finalizers = Json::array();
  for (const Json& finalizer : metadata.value("finalizers", Json::array())) {
    if (finalizer != kOrphan && finalizer != kForeground) finalizers.push_back(finalizer);
  }
  if (policy == "Orphan") finalizers.push_back(kOrphan);
  if (policy == "Foreground") finalizers.push_back(kForeground);
  if (finalizers.empty()) {
    metadata.erase("finalizers");
  } else {
    metadata["finalizers"] = std::move(finalizers);
  }
}

void count_generation(Json& metadata) {
  if (const auto generation = metadata.find("generation"); generation != metadata.end()) {
    *generation = generation->get<std::int64_t>() + 1;
  }
}

// When a deletion with `old_grace` seconds was asked for, plus the new period.
std::string shortened(const std::string& deletion_timestamp, std::int64_t old_grace, std::int64_t grace) {
  const auto ends = parse_time(deletion_timestamp);
  if (!ends) return deletion_timestamp;
  return format_time(*ends - std::chrono::seconds(old_grace) + std::chrono::seconds(grace));
}

}  // namespace

api::Result<Decision> decide_removal(const Kind& kind, const store::Record& record, Json current,
                                     const api::DeleteOptions& options, TimePoint now) {
  if (auto valid = check_options(options); !valid) return valid.error();
  if (auto checked = check_preconditions(kind, record, current, options); !checked) return checked.error();

  const Strategy& strategy = *kind.strategy;
  const bool deleting = api::is_terminating(current);
  std::optional<std::int64_t> grace = strategy.deletion_grace_seconds(current, options.grace_period_seconds);
  if (deleting && grace) {
    const Json* running = find(current, {"metadata", "deletionGracePeriodSeconds"});
    const std::int64_t period = running == nullptr ? 0 : running->get<std::int64_t>();
    if (running == nullptr) {
      grace.reset();  // marked without a period: nothing more to wait for but finalizers
    } else if (!options.grace_period_seconds || *grace >= period) {
      return Decision{std::move(current), false};  // a period can only be shortened
    } else {
      Json& metadata = metadata_of(current);
      metadata["deletionTimestamp"] = shortened(string_at(metadata, {"deletionTimestamp"}), period, *grace);
      metadata["deletionGracePeriodSeconds"] = *grace;
    }
  }
  set_propagation(current, propagation_policy(strategy, current, options));
  const bool held = has_finalizers(current) || strategy.keeps_deleted(current);
  if (!held && grace.value_or(0) == 0) return Decision{std::move(current), true};
  if (!deleting) {
    Json& metadata = metadata_of(current);
    metadata["deletionTimestamp"] = format_time(now + std::chrono::seconds(grace.value_or(0)));
    metadata["deletionGracePeriodSeconds"] = grace.value_or(0);
    count_generation(metadata);
    strategy.mark_deleting(current);
  }
  return Decision{std::move(current), false};
}

}  // namespace skiff::server
