#include "nodeagent/static_pods/mirror_pods.h"

#include "api/views/meta.h"
#include "api/views/static_pods.h"
#include "nodeagent/static_pods/static_pod.h"
#include "test/nodeagent/static_pods/manifests.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

const api::NamespacedName kMirrorName{"default", "static-web-n1"};

Json running_pod(const std::string& start, const std::string& ready_since) {
  return {{"phase", "Running"},
          {"startTime", start},
          {"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}, {"lastTransitionTime", ready_since}}})}};
}

// A node's mirrors over a simulated API, which tells them what happens there as the agent's watch does.
struct MirrorBench {
  asio::io_context context;
  test::FakeClock clock;
  test::FakeClient client{context.get_executor(), clock};
  MirrorPods mirrors{context.get_executor(), client, "n1"};

  MirrorBench() { client.put(api::kNodes, {{"metadata", {{"name", "n1"}}}}); }
  ~MirrorBench() { test::run(context, mirrors.stop()); }

  api::ObjectPtr make_pod(const std::string& image = "nginx:1.13") {
    const ManifestSource source{ManifestSource::Kind::kFile, "/m/a.yaml", "n1"};
    Json pod = read_static_pods(test::web_manifest(image), source, clock.now(), test::simple_rules())->front();
    pod["status"] = running_pod("2026-11-22T12:00:00Z", "2026-11-22T12:00:05Z");
    return std::make_shared<const Json>(std::move(pod));
  }
  api::ObjectPtr mirror() { return client.peek(api::kPods, kMirrorName); }
  std::string phase() { return mirror() ? string_at(*mirror(), {"status", "phase"}) : "none"; }
  void settle() { test::run_ready(context); }
  // The watch's word on the mirror as it is now.
  void tell() { mirrors.mirror_changed(mirror()); }
};

}  // namespace

TEST_CASE("a static pod has a mirror with its status") {
  MirrorBench bench;
  const api::ObjectPtr pod = bench.make_pod();
  bench.mirrors.pod_changed(pod);
  bench.settle();
  REQUIRE(bench.mirror());
  const Json mirror = *bench.mirror();
  CHECK(is_mirror_of(mirror, *pod));
  CHECK(api::uid_of(mirror) != api::uid_of(*pod));
  CHECK(api::owner_references_of(mirror)[0]["uid"] == api::uid_of(*bench.client.peek(api::kNodes, {"", "n1"})));
  CHECK(bench.phase() == "Running");

  SECTION("what has not changed is not written again") {
    const std::size_t writes = bench.client.count_requests("update pods");
    bench.tell();
    bench.mirrors.pod_changed(pod);
    bench.settle();
    CHECK(bench.client.count_requests("update pods") == writes);
    CHECK(bench.client.count_requests("create pods") == 1);
  }
  SECTION("a mirror that is deleted comes back") {
    bench.client.erase(api::kPods, kMirrorName);
    bench.mirrors.mirror_deleted(std::make_shared<const Json>(mirror));
    bench.settle();
    REQUIRE(bench.mirror());
    CHECK(api::uid_of(*bench.mirror()) != api::uid_of(mirror));
    CHECK(bench.phase() == "Running");
  }
  SECTION("and one that is being deleted is replaced, after a moment in which there is none") {
    bench.client.modify(api::kPods, kMirrorName,
                        [](Json& changed) { changed["metadata"]["deletionTimestamp"] = "2026-11-22T12:00:30Z"; });
    bench.tell();
    bench.settle();
    CHECK_FALSE(bench.mirror());
    test::run_until(bench.context, [&] { return bench.phase() == "Running"; });
    CHECK_FALSE(api::is_terminating(*bench.mirror()));
  }
  SECTION("late news of the mirror before do no harm") {
    bench.client.erase(api::kPods, kMirrorName);
    bench.mirrors.mirror_deleted(std::make_shared<const Json>(mirror));
    bench.settle();
    const std::string uid = api::uid_of(*bench.mirror());
    bench.mirrors.mirror_changed(std::make_shared<const Json>(mirror));
    bench.mirrors.mirror_deleted(std::make_shared<const Json>(mirror));
    bench.settle();
    CHECK(api::uid_of(*bench.mirror()) == uid);
  }
  SECTION("a pod with another manifest has another mirror") {
    const api::ObjectPtr changed = bench.make_pod("nginx:1.14");
    bench.mirrors.pod_changed(changed);
    bench.settle();
    REQUIRE(bench.mirror());
    CHECK((*bench.mirror())["spec"]["containers"][0]["image"] == "nginx:1.14");
    CHECK(api::uid_of(*bench.mirror()) != api::uid_of(mirror));
  }
  SECTION("without the pod the mirror goes") {
    bench.mirrors.pod_ended(kMirrorName);
    bench.settle();
    CHECK_FALSE(bench.mirror());
  }
  SECTION("others' conditions stay, their word on the pod does not") {
    bench.client.modify(api::kPods, kMirrorName, [](Json& changed) {
      changed["status"]["conditions"][0]["status"] = "False";
      changed["status"]["conditions"].push_back({{"type", "DisruptionTarget"}, {"status", "True"}});
    });
    bench.tell();
    bench.settle();
    const Json conditions = (*bench.mirror())["status"]["conditions"];
    REQUIRE(conditions.size() == 2);
    CHECK(conditions[0]["status"] == "True");
    CHECK(conditions[1]["type"] == "DisruptionTarget");
  }
}

TEST_CASE("mirrors of an earlier agent") {
  MirrorBench bench;
  const api::ObjectPtr pod = bench.make_pod();
  Json left = make_mirror_pod(*pod, *bench.client.peek(api::kNodes, {"", "n1"}));
  left["status"] = running_pod("2026-11-22T11:00:00Z", "2026-11-22T11:00:05Z");

  SECTION("are taken over, with the times that only they remember") {
    const std::string uid = api::uid_of(*bench.client.put(api::kPods, left));
    bench.mirrors.pod_changed(pod);
    bench.settle();
    CHECK(api::uid_of(*bench.mirror()) == uid);
    CHECK((*bench.mirror())["status"] == left["status"]);
  }
  SECTION("are removed when nobody has them any more") {
    bench.client.put(api::kPods, left);
    bench.tell();
    bench.settle();
    CHECK(bench.mirror());
    bench.mirrors.set_complete();
    bench.settle();
    CHECK_FALSE(bench.mirror());
  }
  SECTION("a pod of the same name that is none is not touched") {
    Json other = {{"metadata", {{"name", kMirrorName.name}, {"namespace", kMirrorName.namespace_}}},
                  {"spec", Json::object()}};
    const std::string uid = api::uid_of(*bench.client.put(api::kPods, other));
    bench.mirrors.pod_changed(pod);
    bench.settle();
    CHECK(api::uid_of(*bench.mirror()) == uid);
    CHECK(bench.phase() == "");
    // It comes when the name is free.
    bench.client.erase(api::kPods, kMirrorName);
    test::run_until(bench.context, [&] { return bench.phase() == "Running"; });
  }
}

TEST_CASE("a server that does not answer hears of the pods when it does") {
  MirrorBench bench;
  const std::string request = GENERATE("get nodes", "create pods", "update pods/status");
  bench.client.fail(request, api::unavailable("connection refused"));
  bench.mirrors.pod_changed(bench.make_pod());
  bench.settle();
  CHECK(bench.phase() != "Running");
  test::run_until(bench.context, [&] { return bench.phase() == "Running"; });
}

TEST_CASE("a status that loses the race is written again") {
  MirrorBench bench;
  bench.mirrors.pod_changed(bench.make_pod());
  bench.settle();
  // Nobody tells of this write.
  bench.client.modify(api::kPods, kMirrorName, [](Json& changed) { changed["metadata"]["labels"]["a"] = "b"; });
  Json pod = *bench.make_pod();
  pod["status"]["phase"] = "Succeeded";
  bench.mirrors.pod_changed(std::make_shared<const Json>(pod));
  bench.settle();
  CHECK(bench.phase() == "Succeeded");
  CHECK((*bench.mirror())["metadata"]["labels"]["a"] == "b");
}
