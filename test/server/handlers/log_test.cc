#include "test/server/handlers/api_server.h"
#include "test/server/handlers/silent_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

class FakeLog final : public api::ByteStream {
 public:
  explicit FakeLog(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}

  Task<api::Result<std::optional<std::string>>> next() override {
    std::optional<std::string> piece;
    if (next_ < pieces_.size()) piece = pieces_[next_++];
    co_return piece;
  }
  void cancel() override { next_ = pieces_.size(); }

 private:
  const std::vector<std::string> pieces_;
  std::size_t next_ = 0;
};

// A node whose containers have said two things.
class FakeNode final : public SilentNode {
 public:
  std::optional<api::LogOptions> asked;
  std::optional<api::Status> failure;

  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName, api::LogOptions options) override {
    asked = options;
    if (failure) co_return *failure;
    const std::vector<std::string> pieces = {"one\n", "two\n"};
    std::unique_ptr<api::ByteStream> stream = std::make_unique<FakeLog>(pieces);
    co_return std::move(stream);
  }
};

const std::string kPods = "/api/v1/namespaces/default/pods";

void make_pod(ApiServer& api, const std::string& name, const std::string& node, const Json& containers) {
  Json spec = {{"containers", containers}};
  if (!node.empty()) spec["nodeName"] = node;
  const Answer created = api.post(kPods, {{"metadata", {{"name", name}}}, {"spec", spec}});
  INFO(created.body);
  REQUIRE(created.status == 201);
}

const Json kOne = Json::parse(R"([{"name":"web","image":"i"}])");
const Json kTwo = Json::parse(R"([{"name":"web","image":"i"},{"name":"side","image":"i"}])");

}  // namespace

TEST_CASE("a container's log comes from its node") {
  ApiServer api;
  const auto node = std::make_shared<FakeNode>();
  api.nodes.nodes["n1"] = node;
  make_pod(api, "one", "n1", kOne);
  const Answer log = api.get(kPods + "/one/log?follow=true&tailLines=5&timestamps=1&sinceSeconds=60&limitBytes=9");
  CHECK(log.status == 200);
  CHECK(log.headers.get("Content-Type") == "text/plain");
  REQUIRE(log.stream);
  CHECK(api.next(*log.stream) == "one\n");
  CHECK(api.next(*log.stream) == "two\n");
  CHECK(api.next(*log.stream).empty());
  REQUIRE(node->asked);
  CHECK(node->asked->container == "web");
  CHECK(node->asked->follow);
  CHECK(node->asked->timestamps);
  CHECK_FALSE(node->asked->previous);
  CHECK(node->asked->tail_lines == 5);
  CHECK(node->asked->since_seconds == 60);
  CHECK(node->asked->limit_bytes == 9);
}

TEST_CASE("a log that is cancelled ends") {
  ApiServer api;
  api.nodes.nodes["n1"] = std::make_shared<FakeNode>();
  make_pod(api, "one", "n1", kOne);
  const Answer log = api.get(kPods + "/one/log");
  log.stream->cancel();
  CHECK(api.next(*log.stream).empty());
}

TEST_CASE("what the node refuses is passed on") {
  ApiServer api;
  const auto node = std::make_shared<FakeNode>();
  node->failure = api::bad_request("container \"web\" in pod \"one\" is waiting to start: ContainerCreating");
  api.nodes.nodes["n1"] = node;
  make_pod(api, "one", "n1", kOne);
  const Answer log = api.get(kPods + "/one/log");
  CHECK(log.status == 400);
  CHECK(log.message() == "container \"web\" in pod \"one\" is waiting to start: ContainerCreating");
}

TEST_CASE("logs that cannot be had") {
  ApiServer api;
  make_pod(api, "one", "n1", kOne);
  make_pod(api, "two", "n1", kTwo);
  make_pod(api, "unscheduled", "", kOne);
  struct Row {
    const char* target;
    int status;
    const char* message;
  };
  const Row rows[] = {
      {"/none/log", 404, "pods \"none\" not found"},
      {"/one/log", 404, "nodes \"n1\" not found"},
      {"/one/log?container=x", 400, "container x is not valid for pod one"},
      {"/two/log", 400, "a container name must be specified for pod two, choose one of: [web side]"},
      {"/one/log?tailLines=x", 400, "strconv.ParseInt: parsing \"x\": invalid syntax"},
      {"/one/log?tailLines=-1", 422,
       "PodLogOptions \"one\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0"},
      {"/one/log?limitBytes=0", 422,
       "PodLogOptions \"one\" is invalid: limitBytes: Invalid value: 0: must be greater than 0"},
  };
  for (const Row& row : rows) {
    INFO(row.target);
    const Answer answer = api.get(kPods + row.target);
    CHECK(answer.status == row.status);
    CHECK(answer.message() == row.message);
  }
  CHECK(api.get(kPods + "/one/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z").status == 422);
  CHECK(api.get(kPods + "/one/log?sinceTime=yesterday").status == 400);
  const Answer early = api.get(kPods + "/unscheduled/log");
  CHECK(early.status == 204);
  CHECK(early.body.empty());
}
