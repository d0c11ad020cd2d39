#include "api/base/text.h"
#include "api/cron_schedule.h"
#include "api/views/meta.h"
#include "server/registry/kinds/job.h"
#include "server/registry/kinds/kinds.h"
#include "server/registry/kinds/pod_spec.h"
#include "server/registry/kinds/warnings.h"
#include "server/registry/tables/tables.h"

#include <algorithm>
#include <string>

namespace skiff::server {

namespace {

// The name of a job is that of its cron job and eleven characters more.
constexpr std::size_t kMaxNameLength = 52;
constexpr const char* kJobSpec = "spec.jobTemplate.spec";

void validate_schedule(const Json& spec, api::FieldErrors& errors) {
  const std::string schedule = string_at(spec, {"schedule"});
  if (schedule.empty()) return;  // the schema reports it
  // The parser of upstream takes a time zone in front, which the API forbids.
  const bool names_zone = schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=");
  const std::size_t fields = names_zone ? std::min(schedule.find(' '), schedule.size() - 1) + 1 : 0;
  const auto parsed = api::CronSchedule::parse(schedule.substr(fields));
  if (!parsed) errors.invalid("spec.schedule", schedule, parsed.error().message);
  if (schedule.find("TZ") != std::string::npos) {
    errors.invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  }
}

void validate_time_zone(const Json& spec, api::FieldErrors& errors) {
  const Json* value = find(spec, {"timeZone"});
  if (value == nullptr) return;
  const std::string name = value->get<std::string>();
  if (name.empty()) return errors.invalid("spec.timeZone", name, "timeZone must be nil or non-empty string");
  if (equal_ignoring_case(name, "local")) {
    return errors.invalid("spec.timeZone", name,
                          "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  if (const auto zone = api::TimeZone::load(name); !zone) {
    errors.invalid("spec.timeZone", name, zone.error().message);
  }
}

class CronJobStrategy final : public Strategy {
 public:
  void apply_defaults(Json& object) const override {
    Json& job_spec = object["spec"]["jobTemplate"]["spec"];
    if (find(job_spec, {"template", "spec"}) != nullptr) default_pod_spec(job_spec["template"]["spec"]);
  }

  void validate(const Json& object, api::FieldErrors& errors) const override {
    const Json& spec = object.at("spec");
    validate_schedule(spec, errors);
    validate_time_zone(spec, errors);
    const Json* job_spec = find(spec, {"jobTemplate", "spec"});
    if (job_spec == nullptr) return;
    validate_job_template(*job_spec, kJobSpec, errors);
    // Each job gets a selector of its own.
    if (bool_at(*job_spec, {"manualSelector"})) {
      errors.not_supported(api::child(kJobSpec, "manualSelector"), true, {"nil", "false"});
    }
  }

  void validate_create(const Json& object, api::FieldErrors& errors) const override {
    const std::string name = api::name_of(object);
    if (name.size() > kMaxNameLength) {
      errors.invalid("metadata.name", name, "must be no more than 52 characters");
    }
  }

  [[nodiscard]] bool counts_generation() const override { return true; }

  void warn(const Json& object, const Json* old_object, std::vector<std::string>& warnings) const override {
    if (old_object == nullptr) warn_of_name(object, "Pod names and hostnames", warnings);
    const Json& spec = object.at("spec");
    const bool is_new_spec = old_object == nullptr || api::generation_of(object) != api::generation_of(*old_object);
    const Json* job = find(spec, {"jobTemplate", "spec"});
    if (is_new_spec && job != nullptr) warn_of_job(*job, "spec.jobTemplate.spec", warnings);
    if (old_object == nullptr || string_at(spec, {"schedule"}).find("TZ") == std::string::npos) return;
    // The path is upstream's.
    warnings.emplace_back(
        "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see "
        "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
  }
};

}  // namespace

Kind cron_job_kind(const api::schema::Catalog& catalog) {
  Kind kind;
  kind.kind = "CronJob";
  kind.plural = "cronjobs";
  kind.singular = "cronjob";
  kind.short_names = {"cj"};
  kind.categories = {"all"};
  kind.has_status = true;
  kind.versions = {served_version(catalog, "batch", "v1", "CronJob")};
  kind.strategy = std::make_shared<CronJobStrategy>();
  kind.table = cron_job_table();
  return kind;
}

}  // namespace skiff::server
