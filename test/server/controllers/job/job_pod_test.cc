#include "server/controllers/job/job_pod.h"

#include "api/views/meta.h"
#include "server/controllers/job/backoff.h"
#include "test/support/now.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using namespace std::chrono_literals;

namespace {

using test::kNow;

Json job(const char* spec) {
  Json object = Json::parse(R"({"metadata":{"name":"sum","namespace":"default","uid":"j"},
      "spec":{"template":{"metadata":{"labels":{"job-name":"sum"}},"spec":{"containers":[{"name":"c"}]}}}})");
  object["spec"].merge_patch(Json::parse(spec));
  return object;
}

Json failed_pod(int exit_code) {
  Json pod = Json::parse(R"({"metadata":{"name":"sum-x","namespace":"default"},"status":{"phase":"Failed",
      "conditions":[{"type":"DisruptionTarget","status":"True"}],
      "containerStatuses":[{"name":"c","state":{"terminated":{"finishedAt":"2026-11-22T11:59:00Z"}}}]}})");
  pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] = exit_code;
  return pod;
}

}  // namespace

TEST_CASE("What a pod failure policy makes of a failure") {
  struct Row {
    const char* name;
    const char* rules;
    int exit_code;
    bool counts, fails_index;
    const char* job_failure;
  };
  const Row rows[] = {
      {"no rule", "[]", 1, true, false, ""},
      {"fails the job", R"([{"action":"FailJob","onExitCodes":{"operator":"In","values":[3,42]}}])", 42, true, false,
       "Container c for pod default/sum-x failed with exit code 42 matching FailJob rule at index 0"},
      {"another code", R"([{"action":"FailJob","onExitCodes":{"operator":"In","values":[3,42]}}])", 4, true, false, ""},
      {"not in", R"([{"action":"Ignore","onExitCodes":{"operator":"NotIn","values":[3,42]}}])", 4, false, false, ""},
      {"success never matches", R"([{"action":"Ignore","onExitCodes":{"operator":"NotIn","values":[3]}}])", 0, true,
       false, ""},
      {"another container", R"([{"action":"Ignore","onExitCodes":{"containerName":"d","operator":"In","values":[4]}}])",
       4, true, false, ""},
      {"this container", R"([{"action":"Ignore","onExitCodes":{"containerName":"c","operator":"In","values":[4]}}])", 4,
       false, false, ""},
      {"condition", R"([{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"True"}]}])", 4,
       false, false, ""},
      {"condition of another status",
       R"([{"action":"Ignore","onPodConditions":[{"type":"DisruptionTarget","status":"False"}]}])", 4, true, false, ""},
      {"a condition fails the job", R"([{"action":"FailJob","onPodConditions":[{"type":"DisruptionTarget"}]}])", 4,
       true, false, "Pod default/sum-x has condition DisruptionTarget matching FailJob rule at index 0"},
      {"the first that matches decides",
       R"([{"action":"Count","onExitCodes":{"operator":"In","values":[4]}},
           {"action":"Ignore","onExitCodes":{"operator":"In","values":[4]}}])",
       4, true, false, ""},
      {"fails its index", R"([{"action":"FailIndex","onExitCodes":{"operator":"In","values":[4]}}])", 4, true, true,
       ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const std::string spec = R"({"podFailurePolicy":{"rules":)" + std::string(row.rules) + "}}";
    const FailureVerdict verdict = judge_failure(job(spec.c_str()), failed_pod(row.exit_code));
    CHECK(verdict.counts == row.counts);
    CHECK(verdict.fails_index == row.fails_index);
    CHECK(verdict.job_failure == row.job_failure);
  }
}

TEST_CASE("A deleted pod has failed, unless the job waits for its end") {
  Json pod = Json::parse(R"({"metadata":{"deletionTimestamp":"2026-11-22T12:00:00Z"},"status":{"phase":"Running"}})");
  CHECK(has_failed(job("{}"), pod));
  CHECK(!has_failed(job(R"({"podReplacementPolicy":"Failed"})"), pod));
  pod["status"]["phase"] = "Failed";
  CHECK(has_failed(job(R"({"podReplacementPolicy":"Failed"})"), pod));
  pod["status"]["phase"] = "Succeeded";
  CHECK(!has_failed(job("{}"), pod));
}

TEST_CASE("The pods of a plain job") {
  const Json pod = job_pod(job("{}"), std::nullopt, nullptr);
  CHECK(pod["metadata"]["generateName"] == "sum-");
  CHECK(pod["metadata"]["finalizers"] == Json::array({"batch.kubernetes.io/job-tracking"}));
  CHECK(!pod["spec"].contains("hostname"));
  CHECK(!pod["spec"]["containers"][0].contains("env"));
  CHECK((*api::controller_of(pod))["apiVersion"] == "batch/v1");
}

TEST_CASE("The pods of an indexed job know their index") {
  const Json pod = job_pod(job(R"({"completionMode":"Indexed"})"), 7, nullptr);
  CHECK(pod["metadata"]["generateName"] == "sum-7-");
  CHECK(pod["metadata"]["annotations"] == Json{{"batch.kubernetes.io/job-completion-index", "7"}});
  CHECK(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "7");
  CHECK(pod["spec"]["hostname"] == "sum-7");
  CHECK(pod["spec"]["containers"][0]["env"] == Json::parse(R"([{"name":"JOB_COMPLETION_INDEX","valueFrom":
      {"fieldRef":{"fieldPath":"metadata.labels['batch.kubernetes.io/job-completion-index']"}}}])"));
  CHECK(completion_index(pod) == 7);

  Json long_named = job(R"({"completionMode":"Indexed"})");
  long_named["metadata"]["name"] = std::string(60, 'a');
  CHECK(job_pod(long_named, 12, nullptr)["metadata"]["generateName"] == std::string(54, 'a') + "-12-");
}

TEST_CASE("A replacement goes on counting the failures of its index") {
  const Json limited = job(R"({"completionMode":"Indexed","backoffLimitPerIndex":3,"podFailurePolicy":{"rules":[
      {"action":"Ignore","onExitCodes":{"operator":"In","values":[9]}}]}})");
  const Json first = job_pod(limited, 0, nullptr);
  CHECK(first["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] == "0");
  Json failed = failed_pod(1);
  failed["metadata"]["annotations"] = first["metadata"]["annotations"];
  const Json second = job_pod(limited, 0, &failed);
  CHECK(index_failures(second).counted == 1);
  CHECK(index_failures(second).ignored == 0);
  failed = failed_pod(9);
  failed["metadata"]["annotations"] = second["metadata"]["annotations"];
  const Json third = job_pod(limited, 0, &failed);
  CHECK(index_failures(third).counted == 1);
  CHECK(index_failures(third).ignored == 1);
}

TEST_CASE("When a pod ended") {
  CHECK(finish_time(failed_pod(1)) == kNow - 60s);
  Json pod = Json::parse(R"({"metadata":{"creationTimestamp":"2026-11-22T11:00:00Z"},"status":{}})");
  CHECK(finish_time(pod) == kNow - 1h);
  pod["metadata"]["deletionTimestamp"] = "2026-11-22T11:30:30Z";
  pod["metadata"]["deletionGracePeriodSeconds"] = 30;
  CHECK(finish_time(pod) == kNow - 30min);
  pod["status"]["conditions"] =
      Json::parse(R"([{"type":"Ready","status":"False","lastTransitionTime":"2026-11-22T11:45:00Z"}])");
  CHECK(finish_time(pod) == kNow - 15min);
}

TEST_CASE("Failed pods are replaced after a pause that doubles") {
  const auto ended = [](std::chrono::seconds ago) {
    Json pod = failed_pod(1);
    pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = format_time(kNow - ago);
    return std::make_shared<const Json>(pod);
  };
  CHECK(!wait_until(JobBackoff(), kNow));
  JobBackoff backoff = after_ended({}, {}, {ended(4s)});
  CHECK(wait_until(backoff, kNow) == kNow + 6s);
  CHECK(!wait_until(backoff, kNow + 6s));
  backoff = after_ended(backoff, {}, {ended(0s)});
  CHECK(wait_until(backoff, kNow) == kNow + 20s);
  backoff = after_ended(backoff, {}, {ended(0s), ended(0s), ended(0s), ended(0s), ended(0s), ended(0s)});
  CHECK(wait_until(backoff, kNow) == kNow + 10min);
  // A success starts the count anew; what failed before it does not matter any more.
  CHECK(after_ended(backoff, {ended(5s)}, {ended(9s)}).failures == 0);
  CHECK(after_ended(backoff, {ended(5s)}, {ended(9s), ended(1s)}).failures == 1);
}
