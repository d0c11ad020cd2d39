#include "server/controllers/cron_job/cron_job_controller.h"

#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using test::Cluster;

namespace {

const api::NamespacedName kTick{"default", "tick"};
using Names = std::vector<std::string>;

// The tests' clock begins at 2026-11-22T12:00:00Z, minute 29922480 of the epoch.
constexpr std::int64_t kNoon = 29'922'480;

Json tick(const char* schedule = "*/5 * * * *") {
  return {{"metadata", {{"namespace", "default"}, {"name", "tick"}, {"creationTimestamp", "2026-11-22T12:00:00Z"}}},
          {"spec",
           {{"schedule", schedule},
            {"concurrencyPolicy", "Allow"},
            {"suspend", false},
            {"successfulJobsHistoryLimit", 3},
            {"failedJobsHistoryLimit", 1},
            {"jobTemplate",
             {{"metadata", {{"labels", {{"app", "tick"}}}, {"annotations", {{"a", "b"}}}}},
              {"spec", {{"template", Json::object()}}}}}}}};
}

struct CronJobCluster : Cluster {
  CronJobController controller{context()};

  CronJobCluster() { start(controller); }
  ~CronJobCluster() { stop(controller); }

  Json cron_job() { return *client.peek(api::kCronJobs, kTick); }
  Json status() { return cron_job().value("status", Json::object()); }
  void change(const std::function<void(Json&)>& how) { client.modify(api::kCronJobs, kTick, how); }
  // The controller waits by the steady clock, so a test that moves the other one has to wake it.
  void advance(std::chrono::minutes time) {
    clock.advance(time);
    change([&](Json& object) { object["metadata"]["labels"]["now"] = format_time(clock.now()); });
    settle();
  }
  Names jobs() {
    Names names;
    for (const api::ObjectPtr& job : client.peek_all(api::kJobs)) {
      names.push_back(std::to_string(std::stoll(api::name_of(*job).substr(5)) - kNoon));
    }
    return names;
  }
  Names active() {
    Names names;
    for (const Json& job : status().value("active", Json::array())) names.push_back(string_at(job, {"name"}));
    return names;
  }
  void end(int minute, const char* condition = "Complete") {
    const api::NamespacedName name{"default", "tick-" + std::to_string(kNoon + minute)};
    client.modify(api::kJobs, name, [&](Json& job) {
      job["status"]["startTime"] = format_time(clock.now());
      if (std::string(condition) == "Complete") job["status"]["completionTime"] = format_time(clock.now());
      api::set_condition(job, api::Condition{condition, "True", "", ""}, clock.now());
    });
    settle();
  }
};

}  // namespace

TEST_CASE("CronJobController starts a job when its time has come") {
  CronJobCluster cluster;
  cluster.client.put(api::kCronJobs, tick());
  cluster.settle();
  CHECK(cluster.jobs().empty());
  cluster.advance(std::chrono::minutes(4));
  CHECK(cluster.jobs().empty());
  cluster.advance(std::chrono::minutes(1));
  REQUIRE(cluster.jobs() == Names{"5"});
  const Json job = *cluster.client.peek_all(api::kJobs)[0];
  CHECK(job["metadata"]["name"] == "tick-" + std::to_string(kNoon + 5));
  CHECK(job["metadata"]["labels"] == Json({{"app", "tick"}}));
  CHECK(job["metadata"]["annotations"] ==
        Json({{"a", "b"}, {"batch.kubernetes.io/cronjob-scheduled-timestamp", "2026-11-22T12:05:00Z"}}));
  CHECK(job["metadata"]["ownerReferences"][0]["kind"] == "CronJob");
  CHECK(job["metadata"]["ownerReferences"][0]["controller"] == true);
  CHECK(cluster.status()["lastScheduleTime"] == "2026-11-22T12:05:00Z");
  CHECK(cluster.status()["active"][0]["uid"] == job["metadata"]["uid"]);
  CHECK(cluster.status()["active"][0]["kind"] == "Job");
  CHECK(cluster.events("SuccessfulCreate") == Names{"Created job tick-" + std::to_string(kNoon + 5)});

  // Not twice.
  cluster.advance(std::chrono::minutes(1));
  CHECK(cluster.jobs() == Names{"5"});

  cluster.end(5);
  CHECK(cluster.active().empty());
  CHECK_FALSE(cluster.status().contains("active"));
  CHECK(cluster.status()["lastSuccessfulTime"] == "2026-11-22T12:06:00Z");
  CHECK(cluster.events("SawCompletedJob") ==
        Names{"Saw completed job: tick-" + std::to_string(kNoon + 5) + ", condition: Complete"});

  // Of several moments that were missed the last one counts.
  cluster.advance(std::chrono::minutes(60));
  CHECK(cluster.jobs() == Names{"5", "65"});
}

TEST_CASE("CronJobController: what happens while a job is running") {
  struct Row {
    const char* policy;
    Names jobs;
    Names active;
  };
  const auto name = [](int minute) { return "tick-" + std::to_string(kNoon + minute); };
  const Row rows[] = {
      {"Allow", {"5", "10"}, {name(5), name(10)}}, {"Forbid", {"5"}, {name(5)}}, {"Replace", {"10"}, {name(10)}}};
  for (const Row& row : rows) {
    INFO(row.policy);
    CronJobCluster cluster;
    Json object = tick();
    object["spec"]["concurrencyPolicy"] = row.policy;
    cluster.client.put(api::kCronJobs, object);
    cluster.advance(std::chrono::minutes(5));
    cluster.advance(std::chrono::minutes(5));
    CHECK(cluster.jobs() == row.jobs);
    CHECK(cluster.active() == row.active);
    CHECK(cluster.events("JobAlreadyActive").size() == (std::string(row.policy) == "Forbid" ? 1 : 0));
    CHECK(cluster.events("SuccessfulDelete").size() == (std::string(row.policy) == "Replace" ? 1 : 0));
  }
}

TEST_CASE("CronJobController: suspended, too late, or not to be understood") {
  CronJobCluster cluster;
  SECTION("suspended") {
    Json object = tick();
    object["spec"]["suspend"] = true;
    cluster.client.put(api::kCronJobs, object);
    cluster.advance(std::chrono::minutes(20));
    CHECK(cluster.jobs().empty());
    cluster.change([](Json& changed) { changed["spec"]["suspend"] = false; });
    cluster.settle();
    CHECK(cluster.jobs() == Names{"20"});
  }
  SECTION("beyond the deadline nothing is due any more") {
    Json object = tick();
    object["spec"]["startingDeadlineSeconds"] = 90;
    cluster.client.put(api::kCronJobs, object);
    cluster.advance(std::chrono::minutes(8));
    CHECK(cluster.jobs().empty());
    cluster.advance(std::chrono::minutes(3));
    CHECK(cluster.jobs() == Names{"10"});
  }
  SECTION("an unknown time zone") {
    Json object = tick();
    object["spec"]["timeZone"] = "Nowhere/Land";
    cluster.client.put(api::kCronJobs, object);
    cluster.settle();
    CHECK(cluster.events("UnknownTimeZone") ==
          Names{"invalid timeZone: \"Nowhere/Land\": unknown time zone Nowhere/Land"});
  }
  SECTION("no schedule") {
    cluster.client.put(api::kCronJobs, tick("* *"));
    cluster.settle();
    CHECK(cluster.events("UnparseableSchedule") ==
          Names{"unparseable schedule: \"* *\" : expected exactly 5 fields, found 2: [* *]"});
  }
  SECTION("too many missed") {
    cluster.client.put(api::kCronJobs, tick("* * * * *"));
    cluster.settle();
    cluster.advance(std::chrono::minutes(100));
    CHECK(cluster.events("TooManyMissedTimes").empty());
    CHECK(cluster.jobs() == Names{"100"});
    cluster.advance(std::chrono::minutes(101));
    CHECK(cluster.events("TooManyMissedTimes").size() == 1);
    CHECK(cluster.jobs() == Names{"100", "201"});
  }
}

TEST_CASE("CronJobController keeps as many old jobs as asked for") {
  CronJobCluster cluster;
  cluster.client.put(api::kCronJobs, tick());
  for (int minute = 5; minute <= 25; minute += 5) {
    cluster.advance(std::chrono::minutes(5));
    cluster.end(minute);
  }
  CHECK(cluster.jobs() == Names{"15", "20", "25"});
  for (int minute = 30; minute <= 40; minute += 5) {
    cluster.advance(std::chrono::minutes(5));
    cluster.end(minute, "Failed");
  }
  CHECK(cluster.jobs() == Names{"15", "20", "25", "40"});
}

TEST_CASE("CronJobController and jobs that come or go by themselves") {
  CronJobCluster cluster;
  cluster.client.put(api::kCronJobs, tick());
  cluster.advance(std::chrono::minutes(5));
  const std::string name = "tick-" + std::to_string(kNoon + 5);
  cluster.client.erase(api::kJobs, {"default", name});
  cluster.settle();
  CHECK(cluster.active().empty());
  CHECK(cluster.events("MissingJob") == Names{"Active job went missing: " + name});
  CHECK(cluster.jobs().empty());  // it had its start

  Json stranger{{"metadata",
                 {{"namespace", "default"},
                  {"name", "tick-by-hand"},
                  {"ownerReferences", Json::array({api::controller_reference(api::kCronJobs, cluster.cron_job())})}}}};
  cluster.client.put(api::kJobs, stranger);
  cluster.settle();
  REQUIRE_FALSE(cluster.events("UnexpectedJob").empty());
  CHECK(cluster.events("UnexpectedJob")[0] == "Saw a job that the controller did not create or forgot: tick-by-hand");
}

TEST_CASE("CronJobController notes a job that it made before its status could be written") {
  CronJobCluster cluster;
  cluster.client.put(api::kCronJobs, tick());
  cluster.settle();
  api::Status busy;
  busy.reason = api::Reason::kServiceUnavailable;
  cluster.client.fail("update cronjobs/status", busy, 1);
  cluster.advance(std::chrono::minutes(5));
  cluster.until([&] { return cluster.status().contains("lastScheduleTime"); });
  cluster.settle();
  CHECK(cluster.jobs() == Names{"5"});
}
