#include "server/cluster/remote_nodes.h"

#include "api/client/http/tls.h"
#include "nodeagent/node_presence.h"
#include "server/auth/pki.h"
#include "server/cluster/kubelet_api.h"
#include "test/server/handlers/silent_node.h"
#include "test/server/http/memory_client.h"
#include "test/server/http/running_server.h"
#include "test/server/registry/cluster.h"
#include "test/server/streaming/client_frames.h"

#include <atomic>
#include <thread>

using namespace skiff;
using namespace skiff::server;

namespace {

const TimePoint kNow = std::chrono::system_clock::now();
constexpr std::chrono::hours kLifetime{24};

// A process that says what it is told, and ends with code 3 at the end of its input.
class Echo final : public api::ProcessStreams {
 public:
  Echo(const asio::any_io_executor& executor, std::atomic<bool>& gone) : changed_(executor), gone_(gone) {}
  ~Echo() override { gone_ = true; }

  Task<std::optional<Output>> next() override {
    while (said_.empty() && !ended_) co_await changed_.wait();
    if (said_.empty()) co_return std::nullopt;
    std::optional<Output> output(Output{Source::kStdout, std::exchange(said_, {})});
    co_return output;
  }
  Task<bool> write(std::string_view bytes) override {
    said_ += bytes;
    changed_.notify();
    co_return true;
  }
  void close_input() override { cancel(); }
  void resize(api::TerminalSize) override {}
  std::optional<int> exit_code() const override { return 3; }
  void cancel() override {
    ended_ = true;
    changed_.notify();
  }

 private:
  std::string said_;
  bool ended_ = false;
  Signal changed_;
  std::atomic<bool>& gone_;
};

class FiniteLog final : public api::ByteStream {
 public:
  Task<api::Result<std::optional<std::string>>> next() override {
    std::optional<std::string> piece;
    if (!std::exchange(read_, true)) piece = "one\n";
    co_return piece;
  }
  void cancel() override {}

 private:
  bool read_ = false;
};

// A node with one pod; commands echo.
class EchoNode final : public SilentNode {
 public:
  Task<api::Result<api::StartProcess>> exec(api::NamespacedName pod, api::ExecOptions options) override {
    if (pod.name != "web") co_return co_await SilentNode::exec(pod, options);
    command = options.command;
    api::StartProcess start = [this] { return start_echo(); };
    co_return start;
  }
  Task<api::Result<std::unique_ptr<api::ByteStream>>> logs(api::NamespacedName pod, api::LogOptions options) override {
    if (pod.name != "web") co_return api::bad_request("no log of " + pod.name);
    tail_lines = options.tail_lines;
    std::unique_ptr<api::ByteStream> log = std::make_unique<FiniteLog>();
    co_return log;
  }

  Task<api::Result<api::NodeUsage>> usage(std::string node_name) override {
    if (node_name != "n1") co_return api::not_found("", "nodes", node_name);
    co_return measured;
  }

  Task<api::Result<std::string>> metrics(std::string node_name) override {
    if (node_name != "n1") co_return api::not_found("", "nodes", node_name);
    co_return std::string(100'000, 'x');
  }

  std::vector<std::string> command;
  std::optional<std::int64_t> tail_lines;
  api::NodeUsage measured;
  std::atomic<bool> process_gone = false;

 private:
  Task<api::Result<std::unique_ptr<api::ProcessStreams>>> start_echo() {
    std::unique_ptr<api::ProcessStreams> echo =
        std::make_unique<Echo>(co_await asio::this_coro::executor, process_gone);
    co_return echo;
  }
};

const KeyPair& authority() {
  static const KeyPair made = *make_ca(Subject{"skiff", {}}, kNow, kLifetime);
  return made;
}

KeyPair client_identity(const KeyPair& ca) {
  const Subject subject{"kube-apiserver-kubelet-client", {"system:masters"}};
  return *issue_certificate(ca, subject, CertificateUse::kClient, {}, kNow, kLifetime);
}

// An agent that listens, a registry that knows its Node, and the server's way from the one to the other.
struct Agent {
  explicit Agent(Handler* handler = nullptr) {
    HttpServerOptions options;
    options.tls = TlsOptions{identity.certificate, identity.key, authority().certificate};
    kubelet.set_service(node);
    server.emplace(handler == nullptr ? kubelet : *handler, options);
    make_node(*api::certificate_fingerprint(identity.certificate));
  }

  void make_node(const std::string& fingerprint) {
    Json document = {
        {"metadata", {{"name", "n1"}, {"annotations", {{nodeagent::kCertificateAnnotation, fingerprint}}}}},
        {"status",
         {{"addresses", Json::array({{{"type", "InternalIP"}, {"address", "127.0.0.1"}}})},
          {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", server->port()}}}}}}}};
    REQUIRE(cluster.create(api::kNodes, document));
    REQUIRE(cluster.update(api::kNodes, document, "status"));
  }

  std::shared_ptr<NodeAccess> find() {
    const auto found = nodes.find("n1");
    REQUIRE(found);
    return found;
  }

  api::Result<Response> open(StreamRequest asked) {
    return test::run(cluster.io, find()->open_stream(std::move(asked)));
  }

  const KeyPair identity = *make_ca(Subject{"system:node:n1", {"system:nodes"}}, kNow, kLifetime);
  std::shared_ptr<EchoNode> node = std::make_shared<EchoNode>();
  KubeletApi kubelet;
  std::optional<RunningServer> server;
  test::Cluster cluster;
  RemoteNodes nodes{cluster.registry, client_identity(authority())};
};

StreamRequest exec_request(const std::string& pod = "web") {
  StreamRequest asked;
  asked.pod = {"default", pod};
  asked.container = "main";
  asked.request.method = "GET";
  asked.request.query = {
      {"command", "sh -c"}, {"command", ""}, {"command", "a&b=c/%"}, {"stdin", "true"}, {"stdout", "true"}};
  asked.request.headers.add("Connection", "Upgrade");
  asked.request.headers.add("upgrade", "websocket");
  asked.request.headers.add("Sec-WebSocket-Version", "13");
  asked.request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  asked.request.headers.add("Sec-WebSocket-Protocol", "v5.channel.k8s.io");
  asked.request.headers.add("Authorization", "Bearer secret");
  return asked;
}

std::string text_of(const Response& response) {
  std::string text;
  for (const Slice& slice : response.body) text += slice.bytes;
  return text;
}

// A client whose connection was handed to the relay.
struct RelayedClient {
  RelayedClient(asio::io_context& context_in, Upgrade& upgrade_in)
      : context(context_in), wire(std::make_shared<MemoryStream::Wire>(context.get_executor())), stream(wire) {
    asio::co_spawn(context, upgrade_in.run(stream), [this](const std::exception_ptr& exception) {
      ended = true;
      REQUIRE_FALSE(exception);
    });
  }
  void send(const std::string& bytes) {
    wire->to_server += bytes;
    wire->changed_for_reader.notify();
  }
  // Bytes go through real sockets, so they come when they come.
  void wait_for(const std::string& text) {
    test::run_until(context, [&] { return wire->to_client.find(text) != std::string::npos; });
  }
  void wait_for_end() {
    test::run_until(context, [&] { return ended; });
  }

  asio::io_context& context;
  std::shared_ptr<MemoryStream::Wire> wire;
  MemoryStream stream;
  bool ended = false;
};

void wait_until(const std::atomic<bool>& flag) {
  const auto deadline = std::chrono::steady_clock::now() + test::kRunLimit;
  while (!flag && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  CHECK(flag);
}

}  // namespace

TEST_CASE("exec on a node of another process") {
  Agent agent;
  auto opened = agent.open(exec_request());
  REQUIRE(opened);
  CHECK(opened->status == 101);
  CHECK(opened->headers.get("Connection") == "Upgrade");
  CHECK(opened->headers.get("Upgrade") == "websocket");
  CHECK(opened->headers.get("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK(opened->headers.get("Sec-WebSocket-Protocol") == "v5.channel.k8s.io");
  CHECK(agent.node->command == std::vector<std::string>{"sh -c", "", "a&b=c/%"});
  REQUIRE(opened->upgrade);
  RelayedClient client(agent.cluster.io, *opened->upgrade);

  SECTION("its command talks, ends, and its exit code comes") {
    const std::string text(100'000, 'x');
    client.send(channel_frame(0, text));
    client.wait_for("xxx");
    client.send(channel_frame(255, std::string(1, '\0')));
    client.wait_for(R"("message":"3","reason":"ExitCode")");
    CHECK(std::count(client.wire->to_client.begin(), client.wire->to_client.end(), 'x') > 99'999);
    client.wire->client_ended = true;
    client.wire->changed_for_reader.notify();
    client.wait_for_end();
  }
  SECTION("a client that goes takes its command with it") {
    client.send(channel_frame(0, "hello"));
    client.wait_for("hello");
    client.wire->client_ended = true;
    client.wire->changed_for_reader.notify();
    client.wait_for_end();
    wait_until(agent.node->process_gone);
  }
  SECTION("the agent stops") {
    agent.server->stop();
    client.wait_for_end();
    CHECK(client.wire->closed);
  }
  SECTION("the server stops") {
    opened->upgrade->cancel();
    client.wait_for_end();
    wait_until(agent.node->process_gone);
  }
}

TEST_CASE("what a node of another process refuses is passed on") {
  Agent agent;
  auto opened = agent.open(exec_request("other"));
  REQUIRE(opened);
  CHECK(opened->status == 404);
  CHECK(text_of(*opened) == "pod does not exist");
  CHECK(opened->headers.get("Content-Type") == "text/plain; charset=utf-8");
  CHECK_FALSE(opened->upgrade);

  const api::NamespacedName other{"default", "other"};
  api::LogOptions options;
  options.container = "main";
  const auto log = test::run(agent.cluster.io, agent.find()->logs(other, options));
  REQUIRE_FALSE(log);
  CHECK(log.error().reason == api::Reason::kBadRequest);
  CHECK(log.error().message == "no log of other");
}

TEST_CASE("a log from a node of another process") {
  Agent agent;
  api::LogOptions options;
  options.container = "main";
  options.tail_lines = 7;
  const auto log = test::run(agent.cluster.io, agent.find()->logs({"default", "web"}, options));
  REQUIRE(log);
  CHECK(**test::run(agent.cluster.io, (*log)->next()) == "one\n");
  CHECK_FALSE(*test::run(agent.cluster.io, (*log)->next()));
  CHECK(agent.node->tail_lines == 7);
}

TEST_CASE("what a node of another process uses") {
  Agent agent;
  api::NodeUsage& measured = agent.node->measured;
  measured.time = *parse_time("2026-11-22T11:59:58.123456789Z");
  measured.window = std::chrono::milliseconds(15'032);
  measured.cpu_nanocores = 1'500'000'000'000;
  measured.memory_bytes = std::int64_t{1} << 40;
  measured.pods.push_back({{"default", "web"}, {{"app", 1, 2}, {"side", 3, 4}}});
  const auto usage = test::run(agent.cluster.io, agent.find()->usage("n1"));
  REQUIRE(usage);
  CHECK(usage->time == measured.time);
  CHECK(usage->window == measured.window);
  CHECK(usage->cpu_nanocores == measured.cpu_nanocores);
  CHECK(usage->memory_bytes == measured.memory_bytes);
  REQUIRE(usage->pods.size() == 1);
  CHECK(usage->pods[0].pod == api::NamespacedName{"default", "web"});
  REQUIRE(usage->pods[0].containers.size() == 2);
  CHECK(usage->pods[0].containers[1].name == "side");
  CHECK(usage->pods[0].containers[1].cpu_nanocores == 3);
  CHECK(usage->pods[0].containers[1].memory_bytes == 4);

  const auto other = test::run(agent.cluster.io, agent.find()->usage("n2"));
  REQUIRE_FALSE(other);
  CHECK(other.error().reason == api::Reason::kNotFound);
}

TEST_CASE("what a node of another process counts") {
  Agent agent;
  const auto figures = test::run(agent.cluster.io, agent.find()->metrics("n1"));
  REQUIRE(figures);
  CHECK(*figures == std::string(100'000, 'x'));
  const auto other = test::run(agent.cluster.io, agent.find()->metrics("n2"));
  REQUIRE_FALSE(other);
  CHECK(other.error().reason == api::Reason::kNotFound);
}

TEST_CASE("nodes of other processes and their server know each other") {
  SECTION("a stranger is refused by the agent") {
    Agent agent;
    const KeyPair stranger_authority = *make_ca(Subject{"stranger", {}}, kNow, kLifetime);
    RemoteNodes stranger(agent.cluster.registry, client_identity(stranger_authority));
    const auto opened = test::run(agent.cluster.io, stranger.find("n1")->open_stream(exec_request()));
    REQUIRE(opened);
    CHECK(opened->status == 401);
    CHECK_FALSE(opened->upgrade);
  }
  SECTION("an agent with another certificate is not talked to") {
    Agent agent;
    Agent other;
    Json node = *agent.cluster.get(api::kNodes, "n1");
    node["metadata"]["annotations"][nodeagent::kCertificateAnnotation] =
        *api::certificate_fingerprint(other.identity.certificate);
    REQUIRE(agent.cluster.update(api::kNodes, node));
    const auto opened = agent.open(exec_request());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.starts_with("error dialing backend: shake hands with 127.0.0.1:"));
    CHECK(opened.error().code() == 500);
  }
  SECTION("the client's credentials stay with the server") {
    std::vector<std::string> seen;
    std::string path;
    FunctionHandler handler([&](const Request& request) {
      for (const auto& [name, value] : request.headers.all()) seen.push_back(name);
      path = request.path;
      return Response();
    });
    Agent agent(&handler);
    REQUIRE(agent.open(exec_request()));
    CHECK(path == "/exec/default/web/main");
    CHECK(std::count(seen.begin(), seen.end(), "Authorization") == 0);
    CHECK(std::count(seen.begin(), seen.end(), "upgrade") == 1);
  }
  SECTION("an agent that is gone") {
    Agent agent;
    agent.server->stop();
    const auto opened = agent.open(exec_request());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().message.starts_with("error dialing backend: connect to 127.0.0.1:"));
  }
}
