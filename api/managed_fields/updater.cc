#include "api/managed_fields/updater.h"

#include "api/managed_fields/merge.h"
#include "api/managed_fields/walk.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace skiff::api::managed_fields {
namespace {

constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kBeforeFirstApply = "before-first-apply";
// The manager whose server-side apply takes over from the client-side one.
constexpr const char* kKubectl = "kubectl";

// Fields that are never owned.
const FieldSet& stripped_fields() {
  static const FieldSet fields{{"apiVersion"},
                               {"kind"},
                               {"metadata"},
                               {"metadata", "name"},
                               {"metadata", "namespace"},
                               {"metadata", "creationTimestamp"},
                               {"metadata", "selfLink"},
                               {"metadata", "uid"},
                               {"metadata", "clusterName"},
                               {"metadata", "generation"},
                               {"metadata", "managedFields"},
                               {"metadata", "resourceVersion"}};
  return fields;
}

Manager entry_of(const Writer& writer, bool applied) {
  Manager entry;
  entry.name = writer.manager.empty() ? "unknown" : writer.manager;
  entry.applied = applied;
  entry.api_version = writer.api_version;
  entry.subresource = writer.subresource;
  return entry;
}

// The changes of a write in the versions that its managers speak.
class VersionedChanges {
 public:
  VersionedChanges(const Writer& writer, const Json& live, const Json& object)
      : writer_(writer), live_(live), object_(object), own_(changes_in(writer.api_version)) {}

  // In the writer's own version.
  [[nodiscard]] const Changes& own() const { return own_; }
  [[nodiscard]] Changes take_own() && { return std::move(own_); }

  // Null when the version is not served.
  [[nodiscard]] const Changes* in(const std::string& api_version) {
    if (writer_.versions.type_of(api_version) == nullptr) return nullptr;
    if (writer_.versions.same_shape(api_version, writer_.api_version)) return &own_;
    auto found = others_.find(api_version);
    if (found == others_.end()) found = others_.emplace(api_version, changes_in(api_version)).first;
    return &found->second;
  }

 private:
  Changes changes_in(const std::string& api_version) const {
    const Versions& versions = writer_.versions;
    const schema::Struct& type = *versions.type_of(api_version);
    Changes changes = versions.same_shape(api_version, writer_.api_version)
                          ? compare(type, live_, object_)
                          : compare(type, versions.convert(live_, writer_.api_version, api_version),
                                    versions.convert(object_, writer_.api_version, api_version));
    changes.exclude_below(writer_.ignored);
    return changes;
  }

  const Writer& writer_;
  const Json& live_;
  const Json& object_;
  Changes own_;
  std::map<std::string, Changes> others_;
};

// Takes what a write changed away from its managers, all but `writer`. Whether they had any of it.
bool take_away(VersionedChanges& versioned, const Manager* writer, Managers& managers) {
  bool changed = false;
  for (Manager& manager : managers.all()) {
    if (&manager == writer) continue;
    const Changes* changes = versioned.in(manager.api_version);
    if (changes == nullptr) {
      manager.fields = FieldSet();
      changed = true;
      continue;
    }
    changed |= manager.fields.subtract(changes->modified);
    changed |= manager.fields.subtract(changes->added);
    changed |= manager.fields.subtract(changes->removed);
  }
  return changed;
}

struct Conflict {
  const Manager* manager;
  FieldSet fields;
};

std::vector<Conflict> conflicts_of(VersionedChanges& versioned, const Manager* writer, const Managers& managers) {
  std::vector<Conflict> conflicts;
  for (const Manager& manager : managers.all()) {
    const Changes* changes = &manager == writer ? nullptr : versioned.in(manager.api_version);
    if (changes == nullptr) continue;
    FieldSet fields = manager.fields.intersection(changes->modified);
    fields.add(manager.fields.intersection(changes->added));
    if (!fields.empty()) conflicts.push_back({&manager, std::move(fields)});
  }
  std::sort(conflicts.begin(), conflicts.end(), [](const Conflict& a, const Conflict& b) {
    return std::tie(a.manager->name, a.manager->applied, a.manager->api_version, a.manager->subresource) <
           std::tie(b.manager->name, b.manager->applied, b.manager->api_version, b.manager->subresource);
  });
  return conflicts;
}

std::string manager_text(const Manager& manager) {
  std::string text = to_json_text(manager.name);
  if (!manager.subresource.empty()) text += " with subresource " + to_json_text(manager.subresource);
  if (!manager.applied) text += " using " + manager.api_version;
  return text;
}

Status conflict_status(const std::vector<Conflict>& conflicts) {
  Status status;
  status.reason = Reason::kConflict;
  std::string list;
  for (const Conflict& conflict : conflicts) {
    const std::string manager = manager_text(*conflict.manager);
    list += (list.empty() ? "" : "\n") + ("conflicts with " + manager + ":");
    conflict.fields.for_each([&](const std::string& path) {
      list += "\n- " + path;
      status.causes.push_back({"FieldManagerConflict", "conflict with " + manager, path});
    });
  }
  const std::size_t count = status.causes.size();
  status.message =
      count == 1 ? "Apply failed with 1 conflict: " + status.causes.front().message + ": " + status.causes.front().field
                 : "Apply failed with " + std::to_string(count) + " conflicts: " + list;
  return status;
}

Status misfit(const Writer& writer, const Json& configuration, const std::vector<std::string>& findings) {
  const bool is_core = writer.api_version.find('/') == std::string::npos;
  std::string text = findings.front();
  if (findings.size() > 1) {
    text = "errors:";
    for (const std::string& finding : findings) text += "\n  " + finding;
  }
  Status status;
  status.message = "failed to create typed patch object (" + string_at(configuration, {"metadata", "namespace"}) + "/" +
                   string_at(configuration, {"metadata", "name"}) + "; " + (is_core ? "/" : "") + writer.api_version +
                   ", Kind=" + string_at(configuration, {"kind"}) + "): " + text;
  return status;
}

// Drops from a merged object what the writer applied before and does not apply now, as far as nobody else owns it.
class Pruning {
 public:
  Pruning(const Writer& writer, const Managers& managers, const Manager& last)
      : writer_(writer), managers_(managers), last_(last) {}

  // `merged` and the result are of the writer's version.
  [[nodiscard]] Json run(const Json& merged) const {
    const Versions& versions = writer_.versions;
    if (last_.fields.empty() || versions.type_of(last_.api_version) == nullptr) return merged;
    const Json whole = in_version(merged, writer_.api_version, last_.api_version);
    const schema::Struct& type = *versions.type_of(last_.api_version);
    const FieldSet last = with_parents(type, last_.fields);
    const Json pruned = keep_owned(whole, without(type, whole, last));
    // Only what was applied goes, not what hung from nobody's hand.
    FieldSet gone = all_fields(type, whole);
    gone.subtract(all_fields(type, pruned));
    return in_version(without(type, whole, gone.intersection(last)), last_.api_version, writer_.api_version);
  }

 private:
  [[nodiscard]] Json in_version(const Json& object, const std::string& from, const std::string& to) const {
    return writer_.versions.same_shape(from, to) ? object : writer_.versions.convert(object, from, to);
  }

  static FieldSet all_fields(const schema::Struct& type, const Json& object) {
    return with_parents(type, fields_of(type, object));
  }

  // Brings back what the managers of any version own. Objects are of the last configuration's version.
  [[nodiscard]] Json keep_owned(const Json& whole, Json pruned) const {
    std::map<std::string, FieldSet> owned;
    for (const Manager& manager : managers_.all()) owned[manager.api_version].add(manager.fields);
    for (const auto& [api_version, fields] : owned) {
      const schema::Struct* type = writer_.versions.type_of(api_version);
      if (type == nullptr) continue;
      const Json converted = in_version(whole, last_.api_version, api_version);
      FieldSet gone = all_fields(*type, converted);
      gone.subtract(all_fields(*type, in_version(pruned, last_.api_version, api_version)));
      gone.subtract(with_parents(*type, fields));
      pruned = in_version(without(*type, converted, gone), api_version, last_.api_version);
    }
    return pruned;
  }

  const Writer& writer_;
  const Managers& managers_;
  const Manager& last_;
};

// One apply, without what is peculiar to kubectl.
struct Outcome {
  Applied applied;
  std::vector<Conflict> conflicts;  // when there are any, nothing else holds
};

void strip(FieldSet& fields) { fields.subtract(stripped_fields()); }

Outcome apply_once(const Writer& writer, const Json& live, const Json& configuration, bool force, Managers& managers) {
  const schema::Struct& type = *writer.versions.type_of(writer.api_version);
  Outcome outcome;
  Manager entry = entry_of(writer, true);
  Manager last = entry;
  if (const Manager* found = managers.find(entry)) last = *found;
  entry.time = last.time;
  entry.fields = fields_of(type, configuration);
  entry.fields.subtract_below(writer.ignored);
  managers.put(entry);

  Json merged = Pruning(writer, managers, last).run(merge(type, live, configuration));
  VersionedChanges versioned(writer, live, merged);
  Manager* own = managers.find(entry);
  if (!force) outcome.conflicts = conflicts_of(versioned, own, managers);
  if (!outcome.conflicts.empty()) return outcome;
  take_away(versioned, own, managers);
  strip(own->fields);
  outcome.applied.changed = !versioned.own().empty();
  if (outcome.applied.changed) own->time = writer.now;
  outcome.applied.object = outcome.applied.changed ? std::move(merged) : live;
  managers.drop_empty();
  return outcome;
}

// The fields that client-side apply left as they are now: kubectl may take them over.
FieldSet fields_of_last_applied(const Writer& writer, const Json& live) {
  const auto parsed = parse_json(string_at(live, {"metadata", "annotations", kLastApplied}));
  const schema::Struct& type = *writer.versions.type_of(writer.api_version);
  if (!parsed || string_at(parsed->value, {"apiVersion"}) != writer.api_version) return {};
  if (!check_configuration(type, parsed->value).empty()) return {};
  FieldSet fields = fields_of(type, parsed->value);
  const Changes changes = compare(type, parsed->value, live);
  fields.subtract(changes.modified);
  fields.subtract(changes.added);
  fields.subtract(changes.removed);
  return fields;
}

// Keeps the annotation of client-side apply in step, for a kubectl that goes back to it.
void update_last_applied(Json configuration, Json& object) {
  if (string_at(object, {"metadata", "annotations", kLastApplied}).empty()) return;
  if (find(configuration, {"metadata", "annotations", kLastApplied}) != nullptr) {
    configuration["metadata"]["annotations"].erase(kLastApplied);
  }
  object["metadata"]["annotations"][kLastApplied] = to_json_text(configuration) + "\n";
}

}  // namespace

bool update(const Writer& writer, const Json& live, const Json& object, Managers& managers) {
  VersionedChanges versioned(writer, live, object);
  Manager entry = entry_of(writer, false);
  Manager* own = managers.find(entry);
  bool changed = take_away(versioned, own, managers);

  Changes changes = std::move(versioned).take_own();
  entry.fields = std::move(changes.modified);
  entry.fields.add(std::move(changes.added));
  entry.fields.subtract(changes.removed);
  strip(entry.fields);
  if (own != nullptr) {
    changed |= own->fields.subtract(changes.removed);
    changed |= own->fields.add(entry.fields);
    if (!entry.fields.empty()) own->time = writer.now;
  } else if (!entry.fields.empty()) {
    entry.time = writer.now;
    managers.put(std::move(entry));
    changed = true;
  }
  managers.drop_empty();
  changed |= managers.unite_oldest();
  return changed;
}

Result<Applied> apply(const Writer& writer, const Json& live, const Json& configuration, bool force,
                      Managers& managers) {
  const schema::Struct& type = *writer.versions.type_of(writer.api_version);
  if (const auto findings = check_configuration(type, configuration); !findings.empty()) {
    return misfit(writer, configuration, findings);
  }
  if (managers.empty()) {
    // The object was there before anybody kept books: all that it has belongs to somebody.
    Writer somebody = writer;
    somebody.manager = kBeforeFirstApply;
    update(somebody, blank_object(type), live, managers);
  }
  const bool is_kubectl = writer.manager == kKubectl;
  Managers attempt = managers;
  Outcome outcome = apply_once(writer, live, configuration, force, attempt);
  if (!outcome.conflicts.empty() && is_kubectl) {
    const FieldSet allowed = fields_of_last_applied(writer, live);
    for (Conflict& conflict : outcome.conflicts) conflict.fields.subtract(allowed);
    std::erase_if(outcome.conflicts, [](const Conflict& conflict) { return conflict.fields.empty(); });
    if (outcome.conflicts.empty()) {
      attempt = managers;
      outcome = apply_once(writer, live, configuration, true, attempt);
    }
  }
  if (!outcome.conflicts.empty()) return conflict_status(outcome.conflicts);
  managers = std::move(attempt);
  if (is_kubectl) update_last_applied(configuration, outcome.applied.object);
  return std::move(outcome.applied);
}

}  // namespace skiff::api::managed_fields
