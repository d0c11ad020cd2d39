#include "test/server/registry/findings.h"

using namespace skiff;
using namespace skiff::test;

namespace {

Json cron_job(const char* name) {
  return Json{{"metadata", {{"name", name}}},
              {"spec",
               {{"schedule", "*/5 * * * *"},
                {"jobTemplate",
                 {{"spec",
                   {{"template",
                     {{"spec",
                       {{"restartPolicy", "Never"},
                        {"containers", Json::array({{{"name", "a"}, {"image", "busybox:1"}}})}}}}}}}}}}}};
}

}  // namespace

TEST_CASE("a cron job comes back as upstream shows it") {
  Cluster cluster;
  const Json created = *cluster.create(api::kCronJobs, cron_job("tick"));
  CHECK(created["spec"]["concurrencyPolicy"] == "Allow");
  CHECK(created["spec"]["suspend"] == false);
  CHECK(created["spec"]["successfulJobsHistoryLimit"] == 3);
  CHECK(created["spec"]["failedJobsHistoryLimit"] == 1);
  CHECK(created["spec"]["jobTemplate"]["metadata"]["creationTimestamp"].is_null());
  CHECK(created["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] ==
        "IfNotPresent");
  CHECK_FALSE(created["spec"]["jobTemplate"]["spec"].contains("backoffLimit"));
  CHECK(created["status"] == Json::object());
  CHECK(table_row(cluster, api::kCronJobs, created) ==
        "tick | */5 * * * * | <none> | False | 0 | <none> | 0s || a | busybox:1 | <none>");

  Json running = created;
  running["status"]["active"] = Json::array({{{"kind", "Job"}, {"name", "tick-1"}}});
  running["status"]["lastScheduleTime"] = format_time(cluster.clock.now());
  running = *cluster.update(api::kCronJobs, running, "status");
  running["spec"]["suspend"] = true;
  running["spec"]["timeZone"] = "UTC";
  running = *cluster.update(api::kCronJobs, running);
  CHECK(running["metadata"]["generation"] == 2);
  cluster.clock.advance(std::chrono::seconds(90));
  CHECK(table_row(cluster, api::kCronJobs, running) ==
        "tick | */5 * * * * | UTC | True | 1 | 90s | 90s || a | busybox:1 | <none>");
}

TEST_CASE("cron jobs are validated in upstream's words") {
  Cluster cluster;
  check_creations(
      cluster, api::kCronJobs, cron_job("x"),
      {{"fine", R"({})", ""},
       {"no schedule", R"({"spec":{"schedule":""}})", "spec.schedule: Required value"},
       {"bad schedule", R"({"spec":{"schedule":"* *"}})",
        "spec.schedule: Invalid value: \"* *\": expected exactly 5 fields, found 2: [* *]"},
       {"a zone in the schedule", R"({"spec":{"schedule":"TZ=UTC * * * * *"}})",
        "spec.schedule: Invalid value: \"TZ=UTC * * * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field "
        "instead"},
       {"empty zone", R"({"spec":{"timeZone":""}})",
        "spec.timeZone: Invalid value: \"\": timeZone must be nil or non-empty string"},
       {"local", R"({"spec":{"timeZone":"Local"}})",
        "spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in "
        "https://www.iana.org/time-zones"},
       {"unknown zone", R"({"spec":{"timeZone":"Nowhere/Land"}})",
        "spec.timeZone: Invalid value: \"Nowhere/Land\": unknown time zone Nowhere/Land"},
       {"policy", R"({"spec":{"concurrencyPolicy":"Maybe"}})",
        "spec.concurrencyPolicy: Unsupported value: \"Maybe\": supported values: \"Allow\", \"Forbid\", \"Replace\""},
       {"deadline", R"({"spec":{"startingDeadlineSeconds":-1}})",
        "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0"},
       {"history", R"({"spec":{"failedJobsHistoryLimit":-1}})",
        "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0"},
       {"a long name", R"({"metadata":{"name":"a1234567890123456789012345678901234567890123456789012"}})",
        "metadata.name: Invalid value: \"a1234567890123456789012345678901234567890123456789012\": must be no more than "
        "52 characters"},
       {"pods that never end", R"({"spec":{"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Always"}}}}}})",
        "spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""},
       {"manual selector", R"({"spec":{"jobTemplate":{"spec":{"manualSelector":true}}}})",
        "spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: \"nil\", \"false\""}});
}
