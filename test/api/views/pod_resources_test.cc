#include "api/views/pod_resources.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::api;

namespace {

Json container(const char* cpu, const char* memory = nullptr, bool sidecar = false) {
  Json requests = Json::object();
  if (cpu != nullptr) requests["cpu"] = cpu;
  if (memory != nullptr) requests["memory"] = memory;
  Json container = {{"name", "x"}, {"resources", {{"requests", std::move(requests)}}}};
  if (sidecar) container["restartPolicy"] = "Always";
  return container;
}

std::string text_of(const ResourceAmounts& amounts) {
  std::string text;
  for (const auto& [name, amount] : amounts) text += name + "=" + amount.to_string() + " ";
  return text;
}

}  // namespace

TEST_CASE("what a pod asks for") {
  struct Row {
    const char* name;
    Json containers;
    Json init_containers;
    const char* expected;
  };
  const Row rows[] = {
      {"nothing", {container(nullptr)}, Json::array(), ""},
      {"the sum", {container("100m", "1Gi"), container("200m")}, Json::array(), "cpu=300m memory=1Gi "},
      {"the largest init container", {container("100m")}, {container("500m"), container("300m")}, "cpu=500m "},
      {"what only an init container asks for",
       {container("100m")},
       {container(nullptr, "1Gi")},
       "cpu=100m memory=1Gi "},
      {"sidecars run beside", {container("100m")}, {container("200m", nullptr, true)}, "cpu=300m "},
      {"sidecars run beside what starts later",
       {container("100m")},
       {container("200m", nullptr, true), container("400m")},
       "cpu=600m "},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Json pod = {{"spec", {{"containers", row.containers}, {"initContainers", row.init_containers}}}};
    CHECK(text_of(pod_amounts(pod, ResourceSide::kRequests)) == row.expected);
    CHECK(pod_amounts(pod, ResourceSide::kLimits).empty());
  }
}

TEST_CASE("overhead comes on top, but makes no limit where there is none") {
  const Json pod = Json::parse(R"({"spec":{"overhead":{"cpu":"50m","memory":"10Mi"},"containers":[
      {"resources":{"requests":{"cpu":"100m"},"limits":{"cpu":"1"}}}]}})");
  CHECK(text_of(pod_amounts(pod, ResourceSide::kRequests)) == "cpu=100m ");
  CHECK(text_of(pod_amounts_with_overhead(pod, ResourceSide::kRequests)) == "cpu=150m memory=10Mi ");
  CHECK(text_of(pod_amounts_with_overhead(pod, ResourceSide::kLimits)) == "cpu=1050m ");
}
