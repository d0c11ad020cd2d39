#include "scheduler/plugins/taints/taints.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

TEST_CASE("fits_taints") {
  struct Row {
    const char* name;
    std::string taint;
    std::string toleration;
    bool fits;
  };
  const std::string dedicated = R"({"key": "dedicated", "value": "db", "effect": "NoSchedule"})";
  const Row rows[] = {
      {"not tolerated", dedicated, "{\"key\": \"other\", \"operator\": \"Exists\"}", false},
      {"equal", dedicated, R"({"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"})", true},
      {"Equal is the default operator", dedicated, R"({"key": "dedicated", "value": "db"})", true},
      {"another value", dedicated, R"({"key": "dedicated", "value": "web"})", false},
      {"exists", dedicated, R"({"key": "dedicated", "operator": "Exists"})", true},
      {"everything", dedicated, R"({"operator": "Exists"})", true},
      {"another effect", dedicated, R"({"key": "dedicated", "operator": "Exists", "effect": "NoExecute"})", false},
      {"NoExecute counts", R"({"key": "dedicated", "value": "db", "effect": "NoExecute"})", "{\"key\": \"x\"}", false},
      {"a preference does not", R"({"key": "dedicated", "value": "db", "effect": "PreferNoSchedule"})",
       "{\"key\": \"x\"}", true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const NodeInfo node = node_info(node_object("n1", R"({"taints": [)" + row.taint + "]}"));
      const Verdict verdict = fits_taints(*pod_info("a", R"({"tolerations": [)" + row.toleration + "]}"), node);
      CHECK(verdict.fits() == row.fits);
      if (!row.fits) {
        CHECK(verdict.reasons == std::vector<std::string>{"node(s) had untolerated taint {dedicated: db}"});
      }
    }
  }
}

TEST_CASE("score_taints counts preferences that are not tolerated") {
  const NodeInfo node = node_info(node_object("n1", R"({"taints": [
      {"key": "a", "effect": "PreferNoSchedule"}, {"key": "b", "effect": "PreferNoSchedule"},
      {"key": "c", "effect": "NoSchedule"}]})"));
  CHECK(score_taints(*pod_info("a"), node) == 2);
  CHECK(score_taints(*pod_info("a", R"({"tolerations": [{"key": "a", "operator": "Exists"}]})"), node) == 1);
}
