#include "server/controllers/job/job_controller.h"

#include "server/controllers/job/job_pod.h"
#include "test/server/controllers/cluster.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace skiff;
using namespace skiff::controllers;
using namespace std::chrono_literals;
using test::Cluster;

namespace {

const api::NamespacedName kSum{"default", "sum"};

Json sum_job(const char* spec) {
  Json object = Json::parse(R"({"metadata":{"namespace":"default","name":"sum"},"spec":{
      "parallelism":1,"completions":1,"backoffLimit":6,"completionMode":"NonIndexed","suspend":false,
      "podReplacementPolicy":"TerminatingOrFailed","selector":{"matchLabels":{"job":"sum"}},
      "template":{"metadata":{"labels":{"job":"sum"}},"spec":{"restartPolicy":"Never","containers":[{"name":"c"}]}}}})");
  object["spec"].merge_patch(Json::parse(spec));
  return object;
}

struct JobCluster : Cluster {
  JobController controller{context()};

  explicit JobCluster(const char* spec) {
    start(controller);
    client.put(api::kJobs, sum_job(spec));
  }
  ~JobCluster() { stop(controller); }

  [[nodiscard]] Json status() const {
    const api::ObjectPtr job = client.peek(api::kJobs, kSum);
    return job ? job->value("status", Json::object()) : Json::object();
  }
  [[nodiscard]] std::int64_t count(const char* member) const { return integer_at(status(), {member}); }
  [[nodiscard]] bool is(const char* condition) const {
    return api::is_condition_true(*client.peek(api::kJobs, kSum), condition);
  }
  [[nodiscard]] std::string why(const char* condition) const {
    const Json* found = api::find_condition(*client.peek(api::kJobs, kSum), condition);
    return found == nullptr ? "" : string_at(*found, {"reason"}) + ": " + string_at(*found, {"message"});
  }
  // Pods that have neither ended nor are being deleted.
  [[nodiscard]] std::vector<api::ObjectPtr> active() const {
    std::vector<api::ObjectPtr> found = pods();
    std::erase_if(found, [](const api::ObjectPtr& pod) { return !is_active(*pod); });
    return found;
  }
  void until_active(std::size_t pods) {
    until([&] { return active().size() == pods && count("active") == static_cast<std::int64_t>(pods); });
  }
  // What the kubelet would do: the pod's container ends with that code.
  void end(const api::ObjectPtr& pod, int exit_code) {
    client.modify(api::kPods, api::key_of(*pod), [&](Json& object) {
      object["status"]["phase"] = exit_code == 0 ? "Succeeded" : "Failed";
      object["status"]["containerStatuses"] = Json::array(
          {{{"name", "c"},
            {"state", {{"terminated", {{"exitCode", exit_code}, {"finishedAt", format_time(clock.now())}}}}}}});
    });
  }
  [[nodiscard]] api::ObjectPtr pod_of_index(std::int64_t index) const {
    for (const api::ObjectPtr& pod : active()) {
      if (completion_index(*pod) == index) return pod;
    }
    return nullptr;
  }
  void change(const std::function<void(Json&)>& edit) { client.modify(api::kJobs, kSum, edit); }
};

}  // namespace

TEST_CASE("A job runs until it has its completions") {
  JobCluster cluster(R"({"completions":3,"parallelism":2})");
  cluster.until_active(2);
  CHECK(cluster.status()["startTime"] == format_time(cluster.clock.now()));
  CHECK(cluster.status()["uncountedTerminatedPods"] == Json::object());
  cluster.run_pods();
  cluster.until([&] { return cluster.count("ready") == 2; });
  cluster.end(cluster.active()[0], 0);
  cluster.until([&] { return cluster.count("succeeded") == 1 && cluster.count("active") == 2; });
  cluster.end(cluster.active()[0], 0);
  cluster.until([&] { return cluster.count("succeeded") == 2 && cluster.count("active") == 1; });
  CHECK(!cluster.is("Complete"));
  cluster.clock.advance(5s);
  cluster.end(cluster.active()[0], 0);
  cluster.until([&] { return cluster.is("Complete"); });
  cluster.settle();
  CHECK(cluster.status()["succeeded"] == 3);
  CHECK(cluster.status()["terminating"] == 0);
  CHECK(cluster.status()["ready"] == 0);
  CHECK(!cluster.status().contains("active"));
  CHECK(cluster.status()["uncountedTerminatedPods"] == Json::object());
  CHECK(cluster.status()["completionTime"] == format_time(cluster.clock.now()));
  CHECK(cluster.why("Complete") == "CompletionsReached: Reached expected number of succeeded pods");
  CHECK(cluster.why("SuccessCriteriaMet") == cluster.why("Complete"));
  CHECK(cluster.events("Completed") == std::vector<std::string>{"Job completed"});
  CHECK(cluster.events("SuccessfulCreate").size() == 3);
  CHECK(cluster.pods().size() == 3);
  for (const auto& pod : cluster.pods()) CHECK(!api::has_finalizer(*pod, kTrackingFinalizer));
}

TEST_CASE("Without a number of completions the first success lets the others run out") {
  JobCluster cluster(R"({"completions":null,"parallelism":3})");
  cluster.until_active(3);
  cluster.end(cluster.active()[0], 0);
  cluster.until([&] { return cluster.count("succeeded") == 1 && cluster.count("active") == 2; });
  cluster.settle();
  CHECK(cluster.active().size() == 2);
  for (const auto& pod : cluster.active()) cluster.end(pod, 0);
  cluster.until([&] { return cluster.is("Complete"); });
  CHECK(cluster.count("succeeded") == 3);
}

TEST_CASE("A job fails when its pods have failed too often") {
  JobCluster cluster(R"({"backoffLimit":1})");
  cluster.until_active(1);
  cluster.end(cluster.active()[0], 1);
  cluster.until([&] { return cluster.count("failed") == 1; });
  cluster.settle();
  // The replacement waits for its back-off.
  CHECK(cluster.active().empty());
  cluster.clock.advance(10s);
  cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "1"; });
  cluster.until_active(1);
  cluster.end(cluster.active()[0], 1);
  cluster.until([&] { return cluster.is("Failed"); });
  CHECK(cluster.count("failed") == 2);
  CHECK(cluster.why("Failed") == "BackoffLimitExceeded: Job has reached the specified backoff limit");
  CHECK(cluster.why("FailureTarget") == cluster.why("Failed"));
  CHECK(!cluster.status().contains("completionTime"));
  cluster.until([&] { return !cluster.events("BackoffLimitExceeded").empty(); });
}

TEST_CASE("A job fails at its deadline, and its pods with it") {
  JobCluster cluster(R"({"activeDeadlineSeconds":30,"parallelism":2,"completions":2})");
  cluster.until_active(2);
  cluster.clock.advance(29s);
  cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "1"; });
  cluster.settle();
  CHECK(!cluster.is("FailureTarget"));
  cluster.clock.advance(1s);
  cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "2"; });
  cluster.until([&] { return cluster.is("Failed"); });
  CHECK(cluster.why("Failed") == "DeadlineExceeded: Job was active longer than specified deadline");
  CHECK(cluster.pods().empty());
  CHECK(cluster.count("failed") == 2);
}

TEST_CASE("The restarts of pods that restart by themselves count") {
  JobCluster cluster(R"({"backoffLimit":2,"template":{"spec":{"restartPolicy":"OnFailure"}}})");
  cluster.until_active(1);
  const auto restart = [&](int times) {
    cluster.client.modify(api::kPods, api::key_of(*cluster.active()[0]), [&](Json& pod) {
      pod["status"] = {{"phase", "Running"}, {"containerStatuses", Json::array({{{"restartCount", times}}})}};
    });
  };
  restart(1);
  cluster.settle();
  CHECK(!cluster.is("FailureTarget"));
  restart(2);
  cluster.until([&] { return cluster.is("Failed"); });
  CHECK(cluster.why("Failed") == "BackoffLimitExceeded: Job has reached the specified backoff limit");
}

TEST_CASE("A suspended job has no pods, and resumes") {
  JobCluster cluster(R"({"parallelism":2,"completions":2})");
  cluster.until_active(2);
  const std::string started = cluster.status()["startTime"];
  cluster.change([](Json& job) { job["spec"]["suspend"] = true; });
  cluster.until([&] { return cluster.is("Suspended") && cluster.pods().empty(); });
  CHECK(cluster.why("Suspended") == "JobSuspended: Job suspended");
  cluster.until([&] { return cluster.count("terminating") == 0 && cluster.count("active") == 0; });
  CHECK(cluster.count("failed") == 0);
  cluster.clock.advance(60s);
  cluster.change([](Json& job) { job["spec"]["suspend"] = false; });
  cluster.until_active(2);
  CHECK(!cluster.is("Suspended"));
  CHECK(cluster.why("Suspended") == "JobResumed: Job resumed");
  CHECK(cluster.status()["startTime"] != started);
  cluster.settle();
  CHECK(cluster.events("Suspended") == std::vector<std::string>{"Job suspended"});
  CHECK(cluster.events("Resumed") == std::vector<std::string>{"Job resumed"});
}

TEST_CASE("A job that begins suspended has not started") {
  JobCluster cluster(R"({"suspend":true})");
  cluster.until([&] { return cluster.is("Suspended"); });
  CHECK(!cluster.status().contains("startTime"));
  CHECK(cluster.pods().empty());
}

TEST_CASE("Fewer pods when the parallelism sinks, and they are not failures") {
  JobCluster cluster(R"({"parallelism":4,"completions":9})");
  cluster.until_active(4);
  cluster.change([](Json& job) { job["spec"]["parallelism"] = 1; });
  cluster.until_active(1);
  cluster.settle();
  CHECK(cluster.pods().size() == 1);
  CHECK(cluster.count("failed") == 0);
}

TEST_CASE("An indexed job has one success for each index") {
  JobCluster cluster(R"({"completionMode":"Indexed","parallelism":3,"completions":4})");
  cluster.until_active(3);
  REQUIRE(cluster.pod_of_index(2));
  cluster.end(cluster.pod_of_index(1), 0);
  cluster.until([&] { return cluster.status().value("completedIndexes", "") == "1" && cluster.pod_of_index(3); });
  cluster.end(cluster.pod_of_index(2), 0);
  cluster.end(cluster.pod_of_index(3), 0);
  cluster.until([&] { return cluster.status().value("completedIndexes", "") == "1-3"; });
  CHECK(cluster.count("succeeded") == 3);
  cluster.end(cluster.pod_of_index(0), 0);
  cluster.until([&] { return cluster.is("Complete"); });
  CHECK(cluster.status()["completedIndexes"] == "0-3");
  CHECK(cluster.count("succeeded") == 4);
}

TEST_CASE("Indexes fail one by one when each has a limit") {
  JobCluster cluster(R"({"completionMode":"Indexed","parallelism":2,"completions":2,"backoffLimitPerIndex":1,
                      "backoffLimit":2147483647})");
  cluster.until_active(2);
  cluster.end(cluster.pod_of_index(0), 1);
  cluster.settle();
  // It is kept until its replacement has learnt from it.
  CHECK(cluster.count("failed") == 0);
  cluster.clock.advance(10s);
  cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "1"; });
  cluster.until([&] { return cluster.pod_of_index(0) && cluster.count("failed") == 1; });
  CHECK(index_failures(*cluster.pod_of_index(0)).counted == 1);
  cluster.end(cluster.pod_of_index(0), 1);
  cluster.until([&] { return cluster.status().value("failedIndexes", "") == "0" && cluster.count("failed") == 2; });
  CHECK(!cluster.is("FailureTarget"));
  cluster.end(cluster.pod_of_index(1), 0);
  cluster.until([&] { return cluster.is("Failed"); });
  CHECK(cluster.why("Failed") == "FailedIndexes: Job has failed indexes");
  CHECK(cluster.status()["completedIndexes"] == "1");
}

TEST_CASE("More failed indexes than a job survives") {
  JobCluster cluster(R"({"completionMode":"Indexed","parallelism":3,"completions":3,"backoffLimitPerIndex":0,
                      "maxFailedIndexes":1,"backoffLimit":2147483647})");
  cluster.until_active(3);
  cluster.end(cluster.pod_of_index(0), 1);
  cluster.until([&] { return cluster.status().value("failedIndexes", "") == "0"; });
  CHECK(!cluster.is("FailureTarget"));
  cluster.end(cluster.pod_of_index(2), 1);
  cluster.until([&] { return cluster.is("Failed"); });
  CHECK(cluster.why("Failed") ==
        "MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes");
  CHECK(cluster.pods().size() == 2);
}

TEST_CASE("A success policy ends an indexed job early") {
  JobCluster cluster(R"({"completionMode":"Indexed","parallelism":4,"completions":4,
                      "successPolicy":{"rules":[{"succeededIndexes":"0,2","succeededCount":1}]}})");
  cluster.until_active(4);
  cluster.end(cluster.pod_of_index(3), 0);
  cluster.until([&] { return cluster.count("succeeded") == 1; });
  CHECK(!cluster.is("SuccessCriteriaMet"));
  cluster.end(cluster.pod_of_index(2), 0);
  cluster.until([&] { return cluster.is("Complete"); });
  CHECK(cluster.why("Complete") == "SuccessPolicy: Matched rules at index 0");
  CHECK(cluster.active().empty());
  CHECK(cluster.count("failed") == 0);
  CHECK(cluster.status()["completedIndexes"] == "2,3");
}

TEST_CASE("A failure policy fails the job, or looks away") {
  JobCluster cluster(R"({"parallelism":2,"completions":2,"backoffLimit":0,"podReplacementPolicy":"Failed",
      "podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[42]}},
                                   {"action":"Ignore","onExitCodes":{"operator":"In","values":[7]}}]}})");
  cluster.until_active(2);
  cluster.end(cluster.active()[0], 7);
  cluster.settle();
  CHECK(cluster.count("failed") == 0);
  CHECK(!cluster.is("FailureTarget"));
  cluster.clock.advance(10s);
  cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "1"; });
  cluster.until_active(2);
  const api::ObjectPtr fatal = cluster.active()[0];
  cluster.end(fatal, 42);
  cluster.until([&] { return cluster.is("Failed"); });
  CHECK(cluster.why("Failed") == "PodFailurePolicy: Container c for pod " + api::key_of(*fatal).to_string() +
                                     " failed with exit code 42 matching FailJob rule at index 0");
}

TEST_CASE("A pod that is being deleted is replaced at once, or when it has ended, as the job says") {
  for (const bool at_once : {true, false}) {
    INFO(at_once);
    JobCluster cluster(at_once ? "{}" : R"({"podReplacementPolicy":"Failed"})");
    cluster.until_active(1);
    const api::ObjectPtr pod = cluster.active()[0];
    cluster.client.modify(api::kPods, api::key_of(*pod), [&](Json& object) {
      object["metadata"]["deletionTimestamp"] = format_time(cluster.clock.now());
      object["metadata"]["finalizers"].push_back("test/kubelet");
    });
    cluster.until([&] { return cluster.count("terminating") == 1; });
    cluster.clock.advance(10s);
    cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "1"; });
    cluster.settle();
    CHECK(cluster.active().size() == (at_once ? 1 : 0));
    CHECK(cluster.count("failed") == (at_once ? 1 : 0));
    cluster.end(pod, 1);
    cluster.clock.advance(10s);
    cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "2"; });
    cluster.until_active(1);
    cluster.until([&] { return cluster.count("failed") == 1; });
  }
}

TEST_CASE("Every pod is counted once, whatever fails in between") {
  JobCluster cluster(R"({"completions":30,"parallelism":10,"backoffLimit":100})");
  for (const char* what : {"update jobs/status", "patch pods", "create pods"}) {
    cluster.client.fail(what, api::object_modified("", "x", "y"), 3);
    cluster.client.fail(what, api::unavailable("not now"), 2);
  }
  cluster.until([&] {
    for (const auto& pod : cluster.active()) cluster.end(pod, 0);
    return cluster.is("Complete");
  });
  CHECK(cluster.count("succeeded") == 30);
  CHECK(cluster.count("failed") == 0);
  cluster.settle();
  CHECK(cluster.pods().size() == 30);
}

TEST_CASE("A finished job is deleted when its time is up") {
  JobCluster cluster(R"({"ttlSecondsAfterFinished":100})");
  cluster.until_active(1);
  cluster.end(cluster.active()[0], 0);
  cluster.until([&] { return cluster.is("Complete"); });
  cluster.settle();
  CHECK(!api::is_terminating(*cluster.client.peek(api::kJobs, kSum)));
  cluster.clock.advance(100s);
  cluster.change([](Json& job) { job["metadata"]["labels"]["touch"] = "1"; });
  cluster.until([&] { return api::is_terminating(*cluster.client.peek(api::kJobs, kSum)); });
  CHECK(api::has_finalizer(*cluster.client.peek(api::kJobs, kSum), "foregroundDeletion"));
}

TEST_CASE("The pods of a job that is gone are let go") {
  JobCluster cluster("{}");
  cluster.until_active(1);
  cluster.client.erase(api::kJobs, kSum);
  cluster.until([&] { return !api::has_finalizer(*cluster.pods()[0], kTrackingFinalizer); });
}

TEST_CASE("A pod that a job adopts is counted, one that it loses is let go") {
  JobCluster cluster(R"({"completions":2,"parallelism":2,"suspend":true})");
  cluster.until([&] { return cluster.is("Suspended"); });
  const api::NamespacedName stray{"default", "stray"};
  cluster.client.put(api::kPods, Json::parse(R"({"metadata":{"namespace":"default","name":"stray",
      "labels":{"job":"sum"}},"status":{"phase":"Succeeded"}})"));
  cluster.until([&] { return cluster.count("succeeded") == 1; });
  CHECK(api::controller_of(*cluster.client.peek(api::kPods, stray)) != nullptr);
  cluster.until([&] { return !api::has_finalizer(*cluster.client.peek(api::kPods, stray), kTrackingFinalizer); });
  cluster.change([](Json& job) { job["spec"]["suspend"] = false; });
  cluster.until_active(1);
  const api::NamespacedName lost = api::key_of(*cluster.active()[0]);
  cluster.client.modify(api::kPods, lost, [](Json& pod) { pod["metadata"]["labels"]["job"] = "other"; });
  cluster.until([&] { return !api::has_finalizer(*cluster.client.peek(api::kPods, lost), kTrackingFinalizer); });
  CHECK(api::controller_of(*cluster.client.peek(api::kPods, lost)) == nullptr);
  CHECK(cluster.count("failed") == 0);
}

TEST_CASE("A job of another controller is left alone") {
  JobCluster cluster(R"({"managedBy":"acme.io/foo"})");
  cluster.settle();
  CHECK(cluster.pods().empty());
  CHECK(cluster.status().empty());
}
