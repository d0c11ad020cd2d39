#include "server/controllers/deployment/status.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::controllers;
using namespace std::chrono_literals;

TEST_CASE("A Deployment is looked at again when its progress deadline ends, while it may miss it") {
  const TimePoint updated = *parse_time("2026-11-22T12:00:00Z");
  const Json deployment = {{"metadata", {{"generation", 1}}},
                           {"spec", {{"replicas", 2}, {"progressDeadlineSeconds", 600}}}};
  const auto check_time = [&](const char* reason, int available) {
    const Json condition = {{"type", "Progressing"}, {"reason", reason}, {"lastUpdateTime", format_time(updated)}};
    const Json status = {{"observedGeneration", 1},
                         {"replicas", 2},
                         {"updatedReplicas", 2},
                         {"availableReplicas", available},
                         {"conditions", Json::array({condition})}};
    return progress_check_time(deployment, status, rollout_spec(deployment));
  };
  CHECK(check_time(kReplicaSetUpdated, 1) == updated + 601s);
  CHECK_FALSE(check_time(kReplicaSetUpdated, 2));
  CHECK_FALSE(check_time(kProgressDeadlineExceeded, 1));
  // It was complete and has lost a pod, perhaps long after the deadline.
  CHECK_FALSE(check_time(kNewReplicaSetAvailable, 1));
}
