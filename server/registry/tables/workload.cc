#include "api/base/text.h"
#include "api/views/conditions.h"
#include "api/views/meta.h"
#include "server/registry/tables/cells.h"
#include "server/registry/tables/tables.h"

namespace skiff::server {

namespace {

const Json& template_spec(const Json& object) {
  static const Json none = Json::object();
  const Json* spec = find(object, {"spec", "template", "spec"});
  return spec == nullptr ? none : *spec;
}

std::vector<Json> deployment_row(const Json& object, TimePoint now) {
  const std::string ready = std::to_string(integer_at(object, {"status", "readyReplicas"})) + "/" +
                            std::to_string(integer_at(object, {"spec", "replicas"}));
  return {name_cell(object),
          ready,
          integer_at(object, {"status", "updatedReplicas"}),
          integer_at(object, {"status", "availableReplicas"}),
          age_cell(object, now),
          container_names(template_spec(object)),
          container_images(template_spec(object)),
          selector_cell(object)};
}

std::vector<Json> replicas_row(const Json& object, TimePoint now, std::string selector) {
  return {name_cell(object),
          integer_at(object, {"spec", "replicas"}),
          integer_at(object, {"status", "replicas"}),
          integer_at(object, {"status", "readyReplicas"}),
          age_cell(object, now),
          container_names(template_spec(object)),
          container_images(template_spec(object)),
          std::move(selector)};
}

std::vector<Json> replica_set_row(const Json& object, TimePoint now) {
  return replicas_row(object, now, selector_cell(object));
}

std::vector<Json> replication_controller_row(const Json& object, TimePoint now) {
  return replicas_row(object, now, labels_cell(find(object, {"spec", "selector"})));
}

std::vector<Json> daemon_set_row(const Json& object, TimePoint now) {
  return {name_cell(object),
          integer_at(object, {"status", "desiredNumberScheduled"}),
          integer_at(object, {"status", "currentNumberScheduled"}),
          integer_at(object, {"status", "numberReady"}),
          integer_at(object, {"status", "updatedNumberScheduled"}),
          integer_at(object, {"status", "numberAvailable"}),
          labels_cell(find(template_spec(object), {"nodeSelector"})),
          age_cell(object, now),
          container_names(template_spec(object)),
          container_images(template_spec(object)),
          selector_cell(object)};
}

// "daemonset.apps/web" of the controller.
std::string controller_cell(const Json& object) {
  const Json* owner = api::controller_of(object);
  if (owner == nullptr) return "<none>";
  std::string text = lower_case(string_at(*owner, {"kind"}));
  const std::string version = string_at(*owner, {"apiVersion"});
  if (const std::size_t slash = version.find('/'); slash != std::string::npos) text += "." + version.substr(0, slash);
  return text + "/" + string_at(*owner, {"name"});
}

std::vector<Json> controller_revision_row(const Json& object, TimePoint now) {
  return {name_cell(object), controller_cell(object), integer_at(object, {"revision"}), age_cell(object, now)};
}

std::string job_state(const Json& job) {
  if (api::is_condition_true(job, "Complete")) return "Complete";
  if (api::is_condition_true(job, "Failed")) return "Failed";
  if (api::is_terminating(job)) return "Terminating";
  for (const char* condition : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (api::is_condition_true(job, condition)) return condition;
  }
  return "Running";
}

// "2/5", or "1/1 of 3" when the first of three that succeeds ends the job.
std::string job_completions(const Json& job) {
  const std::string succeeded = std::to_string(integer_at(job, {"status", "succeeded"}));
  if (const Json* completions = find(job, {"spec", "completions"})) return succeeded + "/" + completions->dump();
  const std::int64_t parallelism = integer_at(job, {"spec", "parallelism"});
  return succeeded + "/1" + (parallelism > 1 ? " of " + std::to_string(parallelism) : "");
}

std::string job_duration(const Json& job, TimePoint now) {
  const std::string start = string_at(job, {"status", "startTime"});
  if (start.empty()) return "";
  return since(start, parse_time(string_at(job, {"status", "completionTime"})).value_or(now));
}

std::vector<Json> job_row(const Json& object, TimePoint now) {
  return {name_cell(object),
          job_state(object),
          job_completions(object),
          job_duration(object, now),
          age_cell(object, now),
          container_names(template_spec(object)),
          container_images(template_spec(object)),
          selector_cell(object)};
}

std::vector<Json> stateful_set_row(const Json& object, TimePoint now) {
  const std::string ready = std::to_string(integer_at(object, {"status", "readyReplicas"})) + "/" +
                            std::to_string(integer_at(object, {"spec", "replicas"}));
  return {name_cell(object), ready, age_cell(object, now), container_names(template_spec(object)),
          container_images(template_spec(object))};
}

std::vector<Json> cron_job_row(const Json& object, TimePoint now) {
  static const Json none = Json::object();
  const Json* job_spec = find(object, {"spec", "jobTemplate", "spec"});
  const Json* pod_spec = find(object, {"spec", "jobTemplate", "spec", "template", "spec"});
  const Json* active = find(object, {"status", "active"});
  const std::string last = string_at(object, {"status", "lastScheduleTime"});
  return {name_cell(object),
          string_at(object, {"spec", "schedule"}),
          string_at(object, {"spec", "timeZone"}, "<none>"),
          bool_at(object, {"spec", "suspend"}) ? "True" : "False",
          active == nullptr ? 0 : active->size(),
          last.empty() ? "<none>" : since(last, now),
          age_cell(object, now),
          container_names(pod_spec == nullptr ? none : *pod_spec),
          container_images(pod_spec == nullptr ? none : *pod_spec),
          label_selector_cell(job_spec == nullptr ? none : *job_spec, {"selector"})};
}

TableColumn integer_column(std::string name, std::string description) {
  TableColumn integer = column(std::move(name), std::move(description));
  integer.type = "integer";
  return integer;
}

// What -o wide adds for kinds with a template and a selector.
std::vector<TableColumn> with_template_columns(std::vector<TableColumn> columns) {
  columns.push_back(wide_column("Containers", "Names of the containers in the template."));
  columns.push_back(wide_column("Images", "Images of the containers in the template."));
  columns.push_back(wide_column("Selector", "Labels of the pods that belong to it."));
  return columns;
}

std::vector<TableColumn> replicas_columns() {
  return with_template_columns({name_column(), integer_column("Desired", "Pods wanted."),
                                integer_column("Current", "Pods there."),
                                integer_column("Ready", "Pods that are ready."), age_column()});
}

}  // namespace

TableSpec deployment_table() {
  return TableSpec{
      with_template_columns({name_column(), column("Ready", "Pods that are ready, of those wanted."),
                             column("Up-to-date", "Pods made from the current template."),
                             column("Available", "Pods that have been ready for minReadySeconds."), age_column()}),
      deployment_row};
}

TableSpec replica_set_table() { return TableSpec{replicas_columns(), replica_set_row}; }

TableSpec replication_controller_table() { return TableSpec{replicas_columns(), replication_controller_row}; }

TableSpec daemon_set_table() {
  return TableSpec{
      with_template_columns({name_column(), integer_column("Desired", "Nodes that should run a pod."),
                             integer_column("Current", "Nodes that run a pod and should."),
                             integer_column("Ready", "Nodes whose pod is ready."),
                             integer_column("Up-to-date", "Nodes whose pod is made from the current template."),
                             integer_column("Available", "Nodes whose pod has been ready for minReadySeconds."),
                             column("Node Selector", "Labels of the nodes that it wants."), age_column()}),
      daemon_set_row};
}

TableSpec controller_revision_table() {
  return TableSpec{{name_column(), column("Controller", "The object whose state it keeps."),
                    column("Revision", "Counts the states."), age_column()},
                   controller_revision_row};
}

TableSpec job_table() {
  return TableSpec{
      with_template_columns({name_column(), column("Status", "Running, or the condition that ended or stopped it."),
                             column("Completions", "Pods that succeeded, of those that must."),
                             column("Duration", "Time from its start to its end, or until now."), age_column()}),
      job_row};
}

TableSpec stateful_set_table() {
  return TableSpec{{name_column(), column("Ready", "Pods that are ready, of those wanted."), age_column(),
                    wide_column("Containers", "Names of the containers in the template."),
                    wide_column("Images", "Images of the containers in the template.")},
                   stateful_set_row};
}

TableSpec cron_job_table() {
  return TableSpec{
      with_template_columns(
          {name_column(), column("Schedule", "When it starts jobs."), column("Timezone", "Time zone of the schedule."),
           column("Suspend", "Whether it starts no more jobs."), integer_column("Active", "Jobs that are running."),
           column("Last Schedule", "Time since it last started a job."), age_column()}),
      cron_job_row};
}

}  // namespace skiff::server
