#include "scheduler/plugins/node_selector/node_selector.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

std::string required(const std::string& terms) {
  return R"({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": )" +
         terms + "}}}}";
}

std::string expression(const std::string& key, const std::string& op, const std::string& values = "[]") {
  return required(R"([{"matchExpressions": [{"key": ")" + key + R"(", "operator": ")" + op + R"(", "values": )" +
                  values + "}]}]");
}

}  // namespace

TEST_CASE("fits_node_selector") {
  struct Row {
    const char* name;
    std::string spec;
    bool fits;
  };
  const Row rows[] = {
      {"no wish", "{}", true},
      {"selector matches", R"({"nodeSelector": {"disk": "ssd"}})", true},
      {"selector of another value", R"({"nodeSelector": {"disk": "hdd"}})", false},
      {"selector of an absent label", R"({"nodeSelector": {"zone": ""}})", false},
      {"In", expression("disk", "In", R"(["hdd", "ssd"])"), true},
      {"In, another value", expression("disk", "In", R"(["hdd"])"), false},
      {"NotIn", expression("disk", "NotIn", R"(["ssd"])"), false},
      {"NotIn of an absent label", expression("zone", "NotIn", R"(["a"])"), true},
      {"Exists", expression("disk", "Exists"), true},
      {"DoesNotExist", expression("disk", "DoesNotExist"), false},
      {"Gt", expression("slots", "Gt", R"(["4"])"), true},
      {"Gt of the same", expression("slots", "Gt", R"(["5"])"), false},
      {"Lt", expression("slots", "Lt", R"(["6"])"), true},
      {"Lt of no number", expression("disk", "Lt", R"(["6"])"), false},
      {"no terms match nothing", required("[]"), false},
      {"an empty term matches nothing", required("[{}]"), false},
      {"one of several terms is enough", required(R"([{"matchExpressions": [{"key": "zone", "operator": "Exists"}]},
                    {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}])"),
       true},
      {"all of a term are needed", required(R"([{"matchExpressions": [{"key": "disk", "operator": "Exists"}],
                     "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}])"),
       false},
  };
  const NodeInfo node = node_info(node_object("n1"));
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const PodInfoPtr pod = pod_info("a", row.spec);
      const Verdict verdict = fits_node_selector(*pod, node);
      CHECK(verdict.fits() == row.fits);
      if (!row.fits) {
        CHECK(requires_certain_nodes(*pod));
        CHECK(verdict.reasons == std::vector<std::string>{"node(s) didn't match Pod's node affinity/selector"});
      }
    }
  }
}

TEST_CASE("score_node_preference adds the weights that match") {
  const PodInfoPtr pod = pod_info("a", R"({"affinity": {"nodeAffinity": {
    "preferredDuringSchedulingIgnoredDuringExecution": [
      {"weight": 10, "preference": {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}},
      {"weight": 20, "preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}},
      {"weight": 5, "preference": {"matchExpressions": [{"key": "slots", "operator": "In", "values": ["5"]}]}}]}}})");
  CHECK(prefers_certain_nodes(*pod));
  CHECK(score_node_preference(*pod, node_info(node_object("n1"))) == 15);
}
