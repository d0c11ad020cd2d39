#include "api/schema/validate.h"
#include "api/views/meta.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxMessageBytes = 1024;

// The fields that are named differently in the two versions.
struct Renamed {
  const char* core;
  const char* events;
};
constexpr Renamed kRenamed[] = {{"involvedObject", "regarding"},
                                {"message", "note"},
                                {"source", "deprecatedSource"},
                                {"firstTimestamp", "deprecatedFirstTimestamp"},
                                {"lastTimestamp", "deprecatedLastTimestamp"},
                                {"count", "deprecatedCount"},
                                {"reportingComponent", "reportingController"}};

void rename(Json& object, const char* from, const char* to) {
  const auto found = object.find(from);
  if (found == object.end()) return;
  Json value = std::move(*found);
  object.erase(found);
  object[to] = std::move(value);
}

void to_core(Json& object) {
  for (const Renamed& field : kRenamed) rename(object, field.events, field.core);
  // Always present in core/v1, if only empty.
  for (const char* name : {"reportingComponent", "reportingInstance"}) {
    if (!object.contains(name)) object[name] = "";
  }
}

void to_events(Json& object) {
  for (const Renamed& field : kRenamed) rename(object, field.core, field.events);
  for (const char* name : {"reportingController", "reportingInstance"}) {
    if (string_at(object, {name}).empty()) object.erase(name);
  }
}

void check_length(const Json& object, const char* name, std::size_t max, api::FieldErrors& errors) {
  const std::string text = string_at(object, {name});
  if (text.size() > max) errors.invalid(name, "", "can have at most " + std::to_string(max) + " characters");
}

// Events with an eventTime come from the newer reporters, which must say more.
void validate_new_style(const Json& object, api::FieldErrors& errors) {
  const std::string reporter = string_at(object, {"reportingComponent"});
  if (reporter.empty()) errors.required("reportingController");
  api::schema::validate_format("qualified-name", reporter, "reportingController", errors);
  for (const char* name : {"reportingInstance", "action", "reason"}) {
    if (string_at(object, {name}).empty()) errors.required(name);
    check_length(object, name, kMaxNameBytes, errors);
  }
  check_length(object, "message", kMaxMessageBytes, errors);
}

class EventStrategy final : public Strategy {
 public:
  void validate(const Json& object, api::FieldErrors& errors) const override {
    const std::string about = string_at(object, {"involvedObject", "namespace"});
    const std::string own = api::namespace_of(object);
    const bool new_style = !string_at(object, {"eventTime"}).empty();
    // An event about something cluster-scoped lives in "default".
    const bool agrees =
        about.empty() ? own == "default" || (new_style && own == "kube-system") : new_style || about == own;
    if (!agrees) errors.invalid("involvedObject.namespace", about, "does not match event.namespace");
    if (new_style) validate_new_style(object, errors);
  }

  [[nodiscard]] std::string_view name_format() const override { return "path-segment"; }

  [[nodiscard]] bool allow_create_on_update() const override { return true; }

  [[nodiscard]] const std::vector<SelectableField>& selectable_fields() const override {
    static const std::vector<SelectableField> fields = make_fields();
    return fields;
  }

 private:
  static std::vector<SelectableField> make_fields() {
    std::vector<SelectableField> fields;
    for (const char* member : {"apiVersion", "fieldPath", "kind", "name", "namespace", "resourceVersion", "uid"}) {
      fields.push_back({api::child("involvedObject", member), [member](const Json& object) {
                          return string_at(object, {"involvedObject", member});
                        }});
    }
    for (const char* member : {"reason", "reportingComponent", "type"}) {
      fields.push_back({member, [member](const Json& object) { return string_at(object, {member}); }});
    }
    fields.push_back({"source", [](const Json& object) {
                        const std::string source = string_at(object, {"source", "component"});
                        return source.empty() ? string_at(object, {"reportingComponent"}) : source;
                      }});
    return fields;
  }
};

}  // namespace

Kind event_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "Event";
  kind.plural = "events";
  kind.singular = "event";
  kind.short_names = {"ev"};
  kind.versions = {served_version(catalog, "", "v1", "Event"), served_version(catalog, "events.k8s.io", "v1", "Event")};
  kind.versions[1].to_storage = to_core;
  kind.versions[1].from_storage = to_events;
  kind.strategy = std::make_shared<EventStrategy>();
  kind.table = event_table();
  return kind;
}

}  // namespace skiff::server
