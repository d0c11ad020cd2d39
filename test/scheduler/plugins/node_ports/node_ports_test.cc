#include "scheduler/plugins/node_ports/node_ports.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

PodInfoPtr with_port(const std::string& name, const std::string& port) {
  return pod_info(name, R"({"containers": [{"ports": [)" + port + "]}]}");
}

}  // namespace

TEST_CASE("fits_node_ports") {
  struct Row {
    const char* name;
    std::string used, wanted;
    bool fits;
  };
  const Row rows[] = {
      {"the same port", R"({"hostPort": 80})", R"({"hostPort": 80})", false},
      {"another port", R"({"hostPort": 80})", R"({"hostPort": 81})", true},
      {"another protocol", R"({"hostPort": 80})", R"({"hostPort": 80, "protocol": "UDP"})", true},
      {"another address", R"({"hostPort": 80, "hostIP": "10.0.0.1"})", R"({"hostPort": 80, "hostIP": "10.0.0.2"})",
       true},
      {"every address contains each", R"({"hostPort": 80, "hostIP": "10.0.0.1"})", R"({"hostPort": 80})", false},
      {"a container port is nobody else's", R"({"containerPort": 80})", R"({"containerPort": 80})", true},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      NodeInfo node = node_info(node_object("n1"));
      const PodInfoPtr running = with_port("a", row.used);
      node.add_pod(*running);
      const PodInfoPtr pod = with_port("b", row.wanted);
      const Verdict verdict = fits_node_ports(*pod, node);
      CHECK(verdict.fits() == row.fits);
      if (!row.fits) {
        CHECK(verdict.kind == Verdict::Kind::kNo);
        CHECK(verdict.reasons ==
              std::vector<std::string>{"node(s) didn't have free ports for the requested pod ports"});
        node.remove_pod(*running);
        CHECK(fits_node_ports(*pod, node).fits());
      }
    }
  }
}
