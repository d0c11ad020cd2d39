#include "test/server/handlers/api_server.h"
#include "test/server/handlers/silent_node.h"

#include <catch2/catch.hpp>

using namespace skiff;
using namespace skiff::server;

namespace {

// A node on which everything runs, and which notes what it is asked.
class WillingNode final : public SilentNode {
 public:
  std::optional<api::ExecOptions> asked;

  Task<api::Result<api::StartProcess>> exec(api::NamespacedName, api::ExecOptions options) override {
    asked = std::move(options);
    co_return api::StartProcess();
  }
  Task<api::Result<api::StartProcess>> attach(api::NamespacedName, api::ExecOptions options) override {
    asked = std::move(options);
    co_return api::StartProcess();
  }
  Task<api::Result<api::OpenPort>> port_forward(api::NamespacedName) override { co_return api::OpenPort(); }
};

Headers spdy(const std::vector<std::string>& protocols = {"v4.channel.k8s.io", "v3.channel.k8s.io"}) {
  Headers headers;
  headers.add("Connection", "Upgrade");
  headers.add("Upgrade", "SPDY/3.1");
  for (const std::string& protocol : protocols) headers.add("X-Stream-Protocol-Version", protocol);
  return headers;
}

Headers websocket(const std::string& protocols = "v5.channel.k8s.io, v4.channel.k8s.io") {
  Headers headers;
  headers.add("Connection", "keep-alive, Upgrade");
  headers.add("Upgrade", "websocket");
  headers.add("Sec-WebSocket-Version", "13");
  headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  if (!protocols.empty()) headers.add("Sec-WebSocket-Protocol", protocols);
  return headers;
}

struct Pods {
  Pods() {
    api.nodes.nodes["n1"] = node;
    api.nodes.nodes["silent"] = std::make_shared<SilentNode>();
    make("one", "n1", R"([{"name":"web","image":"i"}])");
    make("two", "n1", R"([{"name":"web","image":"i"},{"name":"side","image":"i"}])");
    make("waiting", "", R"([{"name":"web","image":"i"}])");
    make("lost", "nowhere", R"([{"name":"web","image":"i"}])");
    make("gone", "silent", R"([{"name":"web","image":"i"}])");
  }
  void make(const std::string& name, const std::string& node_name, const std::string& containers) {
    Json spec = {{"containers", Json::parse(containers)}};
    if (!node_name.empty()) spec["nodeName"] = node_name;
    REQUIRE(api.post("/api/v1/namespaces/default/pods", {{"metadata", {{"name", name}}}, {"spec", spec}}).status ==
            201);
  }
  Answer connect(const std::string& method, const std::string& rest, const Headers& headers) {
    return api.send(method, "/api/v1/namespaces/default/pods/" + rest, headers);
  }

  ApiServer api;
  std::shared_ptr<WillingNode> node = std::make_shared<WillingNode>();
};

}  // namespace

TEST_CASE("exec changes the protocol of its connection") {
  Pods pods;
  SECTION("to SPDY") {
    const Answer answer = pods.connect("POST", "one/exec?command=ls&command=-l&stdout=true&stdin=true", spdy());
    CHECK(answer.status == 101);
    CHECK(answer.upgraded);
    CHECK(answer.headers.get("Connection") == "Upgrade");
    CHECK(answer.headers.get("Upgrade") == "SPDY/3.1");
    CHECK(answer.headers.get("X-Stream-Protocol-Version") == "v4.channel.k8s.io");
    REQUIRE(pods.node->asked);
    CHECK(pods.node->asked->command == std::vector<std::string>{"ls", "-l"});
    CHECK(pods.node->asked->container == "web");
    CHECK(pods.node->asked->input);
    CHECK_FALSE(pods.node->asked->terminal);
  }
  SECTION("to a WebSocket") {
    const Answer answer =
        pods.connect("GET", "two/exec?command=sh&container=side&tty=true&stdin=1&stdout=1", websocket());
    CHECK(answer.status == 101);
    CHECK(answer.headers.get("Upgrade") == "websocket");
    CHECK(answer.headers.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(answer.headers.get("Sec-WebSocket-Protocol") == "v5.channel.k8s.io");
    CHECK(pods.node->asked->container == "side");
    CHECK(pods.node->asked->terminal);
  }
  SECTION("the client's favourite of what is spoken") {
    const Answer old = pods.connect("POST", "one/exec?command=ls", spdy({"v9.channel.k8s.io, v2.channel.k8s.io"}));
    CHECK(old.headers.get("X-Stream-Protocol-Version") == "v2.channel.k8s.io");
    const Answer none = pods.connect("POST", "one/exec?command=ls", spdy({}));
    CHECK(none.status == 101);
    CHECK(none.headers.find("X-Stream-Protocol-Version") == nullptr);
    CHECK(pods.connect("GET", "one/exec?command=ls", websocket("")).status == 101);
    const Answer text = pods.connect("GET", "one/exec?command=ls", websocket("v4.base64.channel.k8s.io"));
    CHECK(text.headers.get("Sec-WebSocket-Protocol") == "v4.base64.channel.k8s.io");
    const Answer strange = pods.connect("POST", "one/exec?command=ls", spdy({"v9.channel.k8s.io"}));
    CHECK(strange.status == 403);
    CHECK(strange.body ==
          "unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io], server accepts "
          "[v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]");
  }
  SECTION("attach and port-forward as well") {
    CHECK(pods.connect("POST", "one/attach?stdout=true", spdy()).status == 101);
    CHECK(pods.connect("POST", "one/portforward", spdy({"portforward.k8s.io"})).status == 101);
    CHECK(pods.connect("POST", "one/portforward", spdy()).status == 403);
    const Answer tunnel = pods.connect("GET", "one/portforward", websocket("SPDY/3.1+portforward.k8s.io"));
    CHECK(tunnel.headers.get("Sec-WebSocket-Protocol") == "SPDY/3.1+portforward.k8s.io");
  }
}

TEST_CASE("port-forward over the channels of a WebSocket") {
  Pods pods;
  const std::string channels = "v4.channel.k8s.io";
  // The client's favourite counts, and one that names none speaks the oldest protocol.
  for (const std::string& offered :
       {channels, "v5.channel.k8s.io, " + channels, std::string("v4.base64.channel.k8s.io"), std::string()}) {
    INFO(offered);
    const Answer answer = pods.connect("GET", "one/portforward?ports=80", websocket(offered));
    CHECK(answer.status == 101);
    const std::string agreed = answer.headers.get("Sec-WebSocket-Protocol");
    CHECK(agreed == offered.substr(offered.find(' ') + 1));
  }
  CHECK(pods.connect("GET", "one/portforward?ports=80", websocket("v5.channel.k8s.io")).status == 403);
  CHECK(pods.connect("GET", "one/portforward?ports=80&ports=81,82", websocket(channels)).status == 101);

  std::string many = "80";
  for (int i = 0; i < 127; ++i) many += ",80";
  struct Row {
    std::string query;
    std::string body;
  };
  for (const Row& row : {Row{"", "query parameter \"port\" is required"}, Row{"?ports=0", "port \"0\" must be > 0"},
                         Row{"?ports=" + many, "too many ports"}}) {
    INFO(row.query);
    const Answer answer = pods.connect("GET", "one/portforward" + row.query, websocket(channels));
    CHECK(answer.status == 400);
    CHECK(answer.body == row.body);
  }
  for (const auto& [ports, why] :
       {std::pair("x", "parsing \"x\": invalid syntax"), std::pair("80,", "parsing \"\": invalid syntax"),
        std::pair("-1", "parsing \"-1\": invalid syntax"),
        std::pair("65536", "parsing \"65536\": value out of range")}) {
    const Answer answer = pods.connect("GET", std::string("one/portforward?ports=") + ports, websocket(channels));
    CHECK(answer.status == 400);
    CHECK(answer.message() == std::string("cannot convert to []int32: strconv.ParseUint: ") + why);
  }
}

TEST_CASE("exec that cannot be") {
  Pods pods;
  struct Row {
    const char* target;
    int status;
    const char* message;
  };
  for (const Row& row : std::vector<Row>{
           {"none/exec?command=ls", 404, "pods \"none\" not found"},
           {"two/exec?command=ls", 400, "a container name must be specified for pod two, choose one of: [web side]"},
           {"one/exec?command=ls&container=x", 400, "container x is not valid for pod one"},
           {"waiting/exec?command=ls", 400, "pod waiting does not have a host assigned"},
           {"waiting/portforward", 400, "pod waiting does not have a host assigned"},
           {"lost/attach", 404, "nodes \"nowhere\" not found"},
       }) {
    INFO(row.target);
    const Answer answer = pods.connect("POST", row.target, spdy());
    CHECK(answer.status == row.status);
    CHECK(answer.message() == row.message);
  }
  const Answer plain = pods.connect("POST", "one/exec?command=ls", {});
  CHECK(plain.status == 400);
  CHECK(plain.message() == "Upgrade request required");
  // What a node says passes through as it is.
  for (const char* target : {"gone/exec?command=ls", "gone/attach"}) {
    const Answer answer = pods.connect("POST", target, spdy());
    CHECK(answer.status == 404);
    CHECK(answer.body == "pod does not exist");
  }
  const Answer nothing = pods.connect("POST", "one/exec?command=ls&stdout=false", spdy());
  CHECK(nothing.status == 400);
  CHECK(nothing.body == "you must specify at least 1 of stdin, stdout, stderr");
  Headers keyless;
  keyless.add("Connection", "Upgrade");
  keyless.add("Upgrade", "websocket");
  CHECK(pods.connect("GET", "one/exec?command=ls", keyless).status == 400);
  CHECK(pods.connect("PUT", "one/exec?command=ls", spdy()).status == 405);
}
