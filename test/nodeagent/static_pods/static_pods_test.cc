#include "nodeagent/static_pods/static_pods.h"

#include "api/base/files.h"
#include "api/views/meta.h"
#include "test/nodeagent/probes/scripted_server.h"
#include "test/nodeagent/static_pods/manifests.h"
#include "test/support/fake_client.h"
#include "test/support/run.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

using namespace skiff;
using namespace skiff::nodeagent;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

// A file that is there at once, as a rename makes it.
void put(const std::string& path, const std::string& text) {
  REQUIRE(write_file_atomically(path, text, 0644).has_value());
}

// The sources of one node, and what they said: "start NAME IMAGE", "end NAME".
struct StaticPodsBench {
  asio::io_context context;
  asio::thread_pool pool{1};
  test::FakeClock clock;
  test::TempDir directory;
  StaticPodOptions options;
  Words said;
  Words problems;
  int all_seen = 0;
  std::unique_ptr<StaticPods> pods;

  StaticPodsBench() {
    options.rules = test::simple_rules();
    options.manifest_path = directory.path();
    // Nothing happens by itself unless a test waits for it.
    options.file_check_frequency = options.http_check_frequency = 1h;
  }
  ~StaticPodsBench() {
    if (pods) test::run(context, pods->stop());
  }

  void make() {
    StaticPods::Listener listener;
    listener.start = [this](const api::ObjectPtr& pod) {
      said.push_back("start " + api::name_of(*pod) + " " + (*pod)["spec"]["containers"][0].value("image", ""));
    };
    listener.end = [this](const api::ObjectPtr& pod) { said.push_back("end " + api::name_of(*pod)); };
    listener.complain = [this](const std::string& problem) { problems.push_back(problem); };
    listener.all_seen = [this] { ++all_seen; };
    pods = std::make_unique<StaticPods>(context.get_executor(), pool, clock, "n1", options, std::move(listener));
  }
  void start() {
    make();
    test::run(context, pods->start());
  }
  void check() { test::run(context, pods->check_files()); }
  Words take() { return std::exchange(said, {}); }
  Words take_problems() { return std::exchange(problems, {}); }
  [[nodiscard]] std::string file(const std::string& name) const { return directory / name; }
};

}  // namespace

TEST_CASE("the files of a directory are pods") {
  StaticPodsBench bench;
  put(bench.file("b.yaml"), test::web_manifest("nginx:1.13", "b"));
  put(bench.file("a.json"), to_json_text(parse_yaml(test::web_manifest("busybox:1", "a"))->value));
  put(bench.file(".hidden.yaml"), test::web_manifest("nginx:1.13", "hidden"));
  ::mkdir(bench.file("directory.yaml").c_str(), 0755);
  bench.start();
  CHECK(bench.take() == Words{"start a-n1 busybox:1", "start b-n1 nginx:1.13"});
  CHECK(bench.problems.empty());
  CHECK(bench.all_seen == 1);

  SECTION("another look at the same says nothing") {
    bench.check();
    CHECK(bench.take().empty());
    CHECK(bench.all_seen == 1);
  }
  SECTION("a pod whose file goes ends") {
    ::unlink(bench.file("b.yaml").c_str());
    bench.check();
    bench.check();
    CHECK(bench.take() == Words{"end b-n1"});
  }
  SECTION("a changed pod ends, and starts anew when it has") {
    put(bench.file("b.yaml"), test::web_manifest("nginx:1.14", "b"));
    bench.check();
    CHECK(bench.take() == Words{"end b-n1"});
    put(bench.file("b.yaml"), test::web_manifest("nginx:1.15", "b"));
    bench.check();
    CHECK(bench.take().empty());
    bench.pods->pod_ended({"default", "b-n1"});
    CHECK(bench.take() == Words{"start b-n1 nginx:1.15"});
  }
  SECTION("one that is changed back while it ends starts again") {
    ::unlink(bench.file("b.yaml").c_str());
    bench.check();
    put(bench.file("b.yaml"), test::web_manifest("nginx:1.13", "b"));
    bench.check();
    CHECK(bench.take() == Words{"end b-n1"});
    bench.pods->pod_ended({"default", "b-n1"});
    CHECK(bench.take() == Words{"start b-n1 nginx:1.13"});
  }
  SECTION("without the directory there are no pods") {
    std::filesystem::remove_all(bench.directory.path());
    bench.check();
    CHECK(bench.take() == Words{"end a-n1", "end b-n1"});
  }
}

TEST_CASE("a file that is of no use is told of once, and others go on") {
  StaticPodsBench bench;
  put(bench.file("broken.yaml"), "spec: [");
  put(bench.file("good.yaml"), test::web_manifest());
  bench.start();
  CHECK(bench.take() == Words{"start static-web-n1 nginx:1.13"});
  const Words first = bench.take_problems();
  REQUIRE(first.size() == 1);
  CHECK(first[0].starts_with("Could not process manifest file \"" + bench.file("broken.yaml") + "\": "));
  bench.check();
  CHECK(bench.problems.empty());

  SECTION("with another mistake, again") {
    put(bench.file("broken.yaml"), "kind: Service");
    bench.check();
    CHECK(bench.take_problems().size() == 1);
  }
  SECTION("mended, it is a pod; broken again, none") {
    put(bench.file("broken.yaml"), test::web_manifest("nginx:1.13", "mended"));
    bench.check();
    CHECK(bench.take() == Words{"start mended-n1 nginx:1.13"});
    put(bench.file("broken.yaml"), "spec: [");
    bench.check();
    CHECK(bench.take() == Words{"end mended-n1"});
    CHECK(bench.take_problems() == first);
  }
  SECTION("what is no file, and what names what the API has") {
    REQUIRE(::mkfifo(bench.file("pipe").c_str(), 0600) == 0);
    put(bench.file("secret.yaml"),
        test::web_manifest("nginx:1.13", "secret") + "    envFrom:\n    - secretRef: {name: s}\n");
    bench.check();
    CHECK(bench.take_problems() ==
          Words{"Could not process manifest file \"" + bench.file("pipe") + "\": not a regular file",
                "Could not process manifest file \"" + bench.file("secret.yaml") +
                    "\": static pods may not reference secrets"});
    CHECK(bench.take().empty());
  }
  SECTION("of two pods with one name the first counts") {
    put(bench.file("zweb.yaml"), test::web_manifest("nginx:1.14"));
    bench.check();
    CHECK(bench.take().empty());
    const Words problems = bench.take_problems();
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].ends_with("from file due to duplicate pod name \"static-web-n1\", ignoring"));
  }
}

TEST_CASE("a single file") {
  StaticPodsBench bench;
  bench.options.manifest_path = bench.file("pod.yaml");
  bench.start();
  CHECK(bench.take().empty());
  CHECK(bench.all_seen == 1);
  put(bench.file("pod.yaml"), test::web_manifest());
  put(bench.file("other.yaml"), test::web_manifest("nginx:1.13", "other"));
  bench.check();
  CHECK(bench.take() == Words{"start static-web-n1 nginx:1.13"});
}

TEST_CASE("files are read when they change") {
  StaticPodsBench bench;
  bench.start();
  const auto hears = [&bench](const Words& expected) {
    test::run_until(bench.context, [&] { return bench.said.size() >= expected.size(); });
    CHECK(bench.take() == expected);
  };
  put(bench.file("a.yaml"), test::web_manifest());
  hears({"start static-web-n1 nginx:1.13"});
  REQUIRE(::symlink(bench.file("a.yaml").c_str(), bench.file("b.yaml").c_str()) == 0);
  test::run_until(bench.context, [&] { return bench.problems.size() == 1; });
  REQUIRE(::rename(bench.file("a.yaml").c_str(), bench.file(".a.yaml").c_str()) == 0);
  hears({"end static-web-n1"});
}

TEST_CASE("a directory that comes later is found by the next look") {
  StaticPodsBench bench;
  bench.options.manifest_path = bench.file("later");
  bench.options.file_check_frequency = 5ms;
  bench.start();
  CHECK(bench.take().empty());
  std::filesystem::create_directory(bench.file("later"));
  put(bench.file("later/a.yaml"), test::web_manifest());
  test::run_until(bench.context, [&] { return !bench.said.empty(); });
  CHECK(bench.take() == Words{"start static-web-n1 nginx:1.13"});
}

TEST_CASE("the pods behind a URL") {
  StaticPodsBench bench;
  bench.options.manifest_path.clear();
  std::string answer = test::http_answer("200 OK", test::web_manifest());
  test::ScriptedServer server(bench.context.get_executor(), [&](const std::string&) { return answer; });
  bench.options.manifest_url = "http://" + server.address() + "/pods";
  bench.options.manifest_url_headers = {"X-Token: abc"};
  bench.make();
  const auto check = [&] { test::run(bench.context, bench.pods->check_url()); };

  SECTION("nothing is known before the first answer") {
    answer = test::http_answer("503 Service Unavailable", "busy");
    check();
    CHECK(bench.all_seen == 0);
    CHECK(bench.take_problems() == Words{"Failed to read pods from URL: " + bench.options.manifest_url + ": 503"});
    check();
    CHECK(bench.problems.empty());
    answer = test::http_answer("200 OK", test::web_manifest());
    check();
    CHECK(bench.all_seen == 1);
    CHECK(bench.take() == Words{"start static-web-n1 nginx:1.13"});
  }
  SECTION("what is asked, and when it changes") {
    check();
    CHECK(bench.take() == Words{"start static-web-n1 nginx:1.13"});
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests()[0].find("GET /pods HTTP/1.1\r\n") == 0);
    CHECK(server.requests()[0].find("X-Token: abc\r\n") != std::string::npos);
    check();
    CHECK(bench.take().empty());
    answer = test::http_answer("200 OK", R"({"apiVersion":"v1","kind":"PodList","items":[]})");
    check();
    CHECK(bench.take() == Words{"end static-web-n1"});
  }
  SECTION("trouble leaves the pods alone") {
    check();
    bench.take();
    for (const char* body : {"a: [", "kind: Service"}) {
      answer = test::http_answer("200 OK", body);
      check();
      CHECK(bench.take_problems().size() == 1);
    }
    answer = test::http_answer("404 Not Found", "");
    check();
    CHECK(bench.take_problems().size() == 1);
    CHECK(bench.take().empty());
    answer = test::http_answer("200 OK", test::web_manifest());
    check();
    CHECK(bench.take().empty());
  }
  SECTION("nothing at all is no pods") {
    check();
    bench.take();
    answer = test::http_answer("200 OK", "");
    check();
    CHECK(bench.take() == Words{"end static-web-n1"});
    CHECK(bench.take_problems() ==
          Words{"Failed to read pods from URL: zero-length data received from " + bench.options.manifest_url});
  }
  SECTION("redirections are followed, with the headers only where they were meant to go") {
    test::ScriptedServer other(bench.context.get_executor(), [](const std::string&) {
      return test::http_answer("200 OK", test::web_manifest("nginx:1.14"));
    });
    answer =
        test::http_answer("302 Found", "", "Location: http://localhost:" + std::to_string(other.port()) + "/x\r\n");
    check();
    CHECK(bench.take() == Words{"start static-web-n1 nginx:1.14"});
    REQUIRE(other.requests().size() == 1);
    CHECK(other.requests()[0].find("X-Token") == std::string::npos);
  }
}

TEST_CASE("a server of manifests must show a certificate that somebody vouches for") {
  StaticPodsBench bench;
  bench.options.manifest_path.clear();
  test::ScriptedServer server(bench.context.get_executor(),
                              [](const std::string&) { return test::http_answer("200 OK", test::web_manifest()); });
  server.use_tls();
  bench.options.manifest_url = "https://" + server.address() + "/pods";
  bench.make();
  test::run(bench.context, bench.pods->check_url());
  CHECK(bench.take().empty());
  CHECK(bench.problems.size() == 1);
  CHECK(bench.all_seen == 0);
}

TEST_CASE("both sources are known before pods are nobody's, and files come first") {
  StaticPodsBench bench;
  test::ScriptedServer server(bench.context.get_executor(), [](const std::string&) {
    return test::http_answer("200 OK", R"({"apiVersion":"v1","kind":"PodList","items":[
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"static-web"},"spec":{"containers":[{"image":"other"}]}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"more"},"spec":{"containers":[{"image":"more"}]}}]})");
  });
  bench.options.manifest_url = "http://" + server.address() + "/";
  put(bench.file("a.yaml"), test::web_manifest());
  bench.start();
  test::run_until(bench.context, [&] { return bench.all_seen > 0; });
  CHECK(bench.take() == Words{"start static-web-n1 nginx:1.13", "start more-n1 more"});
  ::unlink(bench.file("a.yaml").c_str());
  bench.check();
  CHECK(bench.take() == Words{"end static-web-n1"});
  bench.pods->pod_ended({"default", "static-web-n1"});
  CHECK(bench.take() == Words{"start static-web-n1 other"});
}
