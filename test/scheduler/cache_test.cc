#include "scheduler/cache.h"

#include "test/scheduler/objects.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::scheduler;
using namespace skiff::test;

namespace {

api::ObjectPtr shared(Json object) { return std::make_shared<const Json>(std::move(object)); }

const std::string kOneCore = R"({"cpu": "1"})";

PodInfoPtr bound(const std::string& name, const std::string& node) {
  Json spec = Json::parse(requesting(kOneCore));
  spec["nodeName"] = node;
  return pod_info(name, spec.dump());
}

std::int64_t used(const Cache& cache, const std::string& node) {
  for (const NodeInfo* info : cache.nodes()) {
    if (info->name() == node) return info->requested().milli_cpu;
  }
  return -1;
}

}  // namespace

TEST_CASE("Cache") {
  Cache cache;
  CHECK(cache.set_node(shared(node_object("n1"))) == kNodeAdded);
  cache.set_node(shared(node_object("n2")));
  REQUIRE(cache.nodes().size() == 2);

  SECTION("counts bound pods, each once") {
    cache.add_pod(*bound("a", "n1"));
    cache.add_pod(*bound("a", "n1"));
    cache.add_pod(*bound("b", "n1"));
    CHECK(used(cache, "n1") == 2000);
    CHECK(cache.remove_pod("a"));
    CHECK(!cache.remove_pod("a"));
    CHECK(used(cache, "n1") == 1000);
  }
  SECTION("an assumed pod counts until it is forgotten") {
    cache.assume(*pod_info("a", requesting(kOneCore)), "n1");
    CHECK(used(cache, "n1") == 1000);
    cache.forget("a");
    CHECK(used(cache, "n1") == 0);
  }
  SECTION("an assumed pod that was seen bound is not forgotten") {
    cache.assume(*pod_info("a", requesting(kOneCore)), "n1");
    cache.add_pod(*bound("a", "n1"));
    cache.forget("a");
    CHECK(used(cache, "n1") == 1000);
  }
  SECTION("an assumed pod that somebody bound elsewhere moves") {
    cache.assume(*pod_info("a", requesting(kOneCore)), "n1");
    cache.add_pod(*bound("a", "n2"));
    CHECK(used(cache, "n1") == 0);
    CHECK(used(cache, "n2") == 1000);
  }
  SECTION("a pod that is known to be there is confirmed unparsed") {
    CHECK(!cache.confirm_pod("a", "n1"));
    cache.assume(*pod_info("a", requesting(kOneCore)), "n1");
    CHECK(!cache.confirm_pod("a", "n2"));
    CHECK(cache.confirm_pod("a", "n1"));
    cache.forget("a");
    CHECK(used(cache, "n1") == 1000);
  }
  SECTION("pods of a node may come before it and stay after it") {
    cache.add_pod(*bound("a", "n3"));
    CHECK(cache.nodes().size() == 2);
    cache.set_node(shared(node_object("n3")));
    CHECK(used(cache, "n3") == 1000);
    cache.remove_node("n3");
    CHECK(cache.nodes().size() == 2);
    cache.set_node(shared(node_object("n3")));
    CHECK(used(cache, "n3") == 1000);
  }
  SECTION("tells what changed on a node") {
    Json node = node_object("n1");
    node["status"]["conditions"] = {{{"type", "Ready"}}};
    CHECK(cache.set_node(shared(node)) == 0);
    node["spec"]["unschedulable"] = true;
    CHECK(cache.set_node(shared(node)) == kNodeTaintsChanged);
    node["metadata"]["labels"]["zone"] = "a";
    node["status"]["allocatable"]["cpu"] = "8";
    CHECK(cache.set_node(shared(node)) == (kNodeLabelsChanged | kNodeAllocatableChanged));
  }
}
