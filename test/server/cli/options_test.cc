#include "server/cli/options.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace skiff::server {
namespace {

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "skiff");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace

TEST_CASE("the command line is a contract") {
  SECTION("up has its defaults") {
    const Command command = parse({"up"});
    const auto* serve = std::get_if<ServeOptions>(&command);
    REQUIRE(serve != nullptr);
    CHECK(serve->with_nodes);
    CHECK(serve->listen_address == "127.0.0.1");
    CHECK(serve->listen_port == 6443);
    CHECK(serve->data_directory == default_data_directory());
    CHECK(serve->node.runtime == RuntimeKind::kOci);
    CHECK(serve->node.max_pods == 110);
    CHECK(serve->not_ready_toleration_seconds == 300);
    CHECK(serve->authorization_mode == "AlwaysAllow");
    CHECK(serve->global.log_level == "info");
  }
  SECTION("how large logs get") {
    const Command plain = parse({"up"});
    CHECK(std::get<ServeOptions>(plain).node.container_log_max_bytes == 10 * 1024 * 1024);
    CHECK(std::get<ServeOptions>(plain).node.container_log_max_files == 5);
    const Command agent = parse({"agent", "--server", "https://a", "--token", "b.c.d", "--container-log-max-size",
                                 "1Mi", "--container-log-max-files", "2"});
    CHECK(std::get<JoinOptions>(agent).node.container_log_max_bytes == 1024 * 1024);
    CHECK(std::get<JoinOptions>(agent).node.container_log_max_files == 2);
    const Command any = parse({"up", "--container-log-max-size", "-1"});
    CHECK(std::get<ServeOptions>(any).node.container_log_max_bytes < 0);
    CHECK(std::get<Usage>(parse({"up", "--container-log-max-size", "much"})).text ==
          "skiff: --container-log-max-size: \"much\" is no size such as 10Mi\n");
    CHECK(std::get<Usage>(parse({"up", "--container-log-max-files", "1"})).exit_code == 2);
  }
  SECTION("how many processes a pod has") {
    CHECK(std::get<ServeOptions>(parse({"up"})).node.pod_max_pids == 0);
    CHECK(std::get<ServeOptions>(parse({"up", "--pod-max-pids", "-1"})).node.pod_max_pids == 0);
    CHECK(std::get<ServeOptions>(parse({"up", "--pod-max-pids", "100"})).node.pod_max_pids == 100);
    CHECK(std::get<Usage>(parse({"up", "--pod-max-pids", "few"})).exit_code == 2);
  }
  SECTION("when images are removed") {
    const Command plain = parse({"up"});
    CHECK(std::get<ServeOptions>(plain).node.image_gc_high_threshold == 85);
    CHECK(std::get<ServeOptions>(plain).node.image_gc_low_threshold == 80);
    CHECK(std::get<ServeOptions>(plain).node.minimum_image_age == std::chrono::minutes(2));
    CHECK(std::get<ServeOptions>(plain).node.maximum_image_age.count() == 0);
    const Command given = parse({"agent", "--server", "https://a", "--token", "b.c.d", "--image-gc-high-threshold",
                                 "70", "--image-gc-low-threshold", "60", "--minimum-image-ttl-duration", "1s",
                                 "--image-maximum-gc-age", "24h"});
    CHECK(std::get<JoinOptions>(given).node.image_gc_high_threshold == 70);
    CHECK(std::get<JoinOptions>(given).node.image_gc_low_threshold == 60);
    CHECK(std::get<JoinOptions>(given).node.minimum_image_age == std::chrono::seconds(1));
    CHECK(std::get<JoinOptions>(given).node.maximum_image_age == std::chrono::hours(24));
    CHECK(std::get<Usage>(parse({"up", "--image-gc-high-threshold", "80"})).text ==
          "skiff: --image-gc-low-threshold must be less than --image-gc-high-threshold\n");
    CHECK(std::get<Usage>(parse({"up", "--image-maximum-gc-age", "1m"})).text ==
          "skiff: --image-maximum-gc-age must be longer than --minimum-image-ttl-duration\n");
    CHECK(std::get<Usage>(parse({"up", "--image-gc-high-threshold", "101"})).exit_code == 2);
  }
  SECTION("when pods are evicted") {
    const auto node = [](const Command& command) { return std::get<ServeOptions>(command).node; };
    CHECK_FALSE(node(parse({"up"})).eviction_hard);
    CHECK(node(parse({"up"})).eviction_pressure_transition_period == std::chrono::minutes(5));
    const Command given = parse({"up", "--eviction-hard", "memory.available<1Gi,nodefs.available<10%",
                                 "--eviction-pressure-transition-period", "30s"});
    CHECK(node(given).eviction_hard == "memory.available<1Gi,nodefs.available<10%");
    CHECK(node(given).eviction_pressure_transition_period == std::chrono::seconds(30));
    CHECK(node(parse({"up", "--eviction-hard", ""})).eviction_hard == "");
    CHECK(std::get<Usage>(parse({"up", "--eviction-hard", "hope.available<1"})).text ==
          "skiff: --eviction-hard: unsupported eviction signal hope.available\n");
    CHECK(std::get<Usage>(parse({"up", "--eviction-pressure-transition-period", "soon"})).exit_code == 2);
  }
  SECTION("the database") {
    const Command check = parse({"db", "check"});
    CHECK(std::get<DatabaseOptions>(check).verb == DatabaseOptions::Verb::kCheck);
    CHECK(std::get<DatabaseOptions>(check).data_directory == default_data_directory());
    CHECK(std::get<DatabaseOptions>(check).file.empty());
    const Command backup = parse({"db", "backup", "--data-dir", "/x", "/y/copy"});
    CHECK(std::get<DatabaseOptions>(backup).verb == DatabaseOptions::Verb::kBackup);
    CHECK(std::get<DatabaseOptions>(backup).data_directory == "/x");
    CHECK(std::get<DatabaseOptions>(backup).file == "/y/copy");
    CHECK(std::get<Usage>(parse({"db", "backup"})).exit_code == 2);
    CHECK(std::get<Usage>(parse({"db"})).exit_code == 2);
  }
  SECTION("in memory nothing lies in the default directory") {
    const Command command = parse({"up", "--in-memory", "--runtime", "fake", "--nodes", "7", "--listen", "[::1]:0"});
    const auto& serve = std::get<ServeOptions>(command);
    CHECK(serve.data_directory.empty());
    CHECK(serve.node.fake_nodes == 7);
    CHECK(serve.listen_address == "::1");
    CHECK(serve.listen_port == 0);
    const Command given = parse({"up", "--in-memory", "--data-dir", "/x"});
    CHECK(std::get<ServeOptions>(given).data_directory == "/x");
  }
  SECTION("ranges of services") {
    const Command command =
        parse({"server", "--service-cluster-ip-range", "10.1.0.0/16", "--service-node-port-range", "20000-20100"});
    const auto& serve = std::get<ServeOptions>(command);
    CHECK(serve.service_cluster_ip_range == "10.1.0.0/16");
    CHECK(serve.first_node_port == 20000);
    CHECK(serve.last_node_port == 20100);
    for (const auto& arguments : {std::vector<const char*>{"server", "--service-cluster-ip-range", "fd00::/108"},
                                  std::vector<const char*>{"server", "--service-cluster-ip-range", "10.0.0.0/8"},
                                  std::vector<const char*>{"server", "--service-node-port-range", "9-8"},
                                  std::vector<const char*>{"server", "--service-node-port-range", "80"}}) {
      CHECK(std::get<Usage>(parse(arguments)).exit_code == 2);
    }
  }
  SECTION("server has no nodes") {
    const Command command = parse({"server", "--v", "4", "--logging-format", "json", "--tls-san", "a", "--tls-san", "b",
                                   "--max-requests-inflight", "7", "--max-mutating-requests-inflight", "0"});
    const auto& serve = std::get<ServeOptions>(command);
    CHECK_FALSE(serve.with_nodes);
    CHECK(serve.global.log_level == "debug");
    CHECK(serve.global.log_format == LogFormat::kJson);
    CHECK(std::get<Usage>(parse({"server", "--logging-format", "xml"})).exit_code == 2);
    CHECK(serve.tls_sans == std::vector<std::string>{"a", "b"});
    CHECK(serve.max_requests_in_flight == 7);
    CHECK(serve.max_mutating_requests_in_flight == 0);
  }
  SECTION("an agent knows its server by the token, or by what is given apart") {
    const Command command =
        parse({"agent", "--server", "https://h:1", "--token", "abc123.0123456789abcdef.ff00", "--runtime", "fake",
               "--nodes", "3", "--cluster-cidr", "10.9.0.0/16", "--port", "0"});
    const auto& join = std::get<JoinOptions>(command);
    CHECK(join.server == "https://h:1");
    CHECK(join.token == "abc123.0123456789abcdef");
    CHECK(join.authority_hash == "sha256:ff00");
    CHECK(join.node.fake_nodes == 3);
    CHECK(join.node.cluster_cidr == "10.9.0.0/16");
    CHECK(join.port == 0);
    CHECK(join.lease_duration_seconds == 40);
    CHECK(join.data_directory == default_data_directory() + "/agent");
    const Command given = parse({"agent", "--server", "https://h:1", "--token", "abc123.0123456789abcdef",
                                 "--discovery-token-ca-cert-hash", "sha256:aa", "--data-dir", "/x"});
    CHECK(std::get<JoinOptions>(given).authority_hash == "sha256:aa");
    CHECK(std::get<JoinOptions>(given).data_directory == "/x");
    const Command file =
        parse({"agent", "--server", "https://h:1", "--token", "anything", "--certificate-authority", "/ca"});
    CHECK(std::get<JoinOptions>(file).authority_file == "/ca");
    for (const auto& arguments : {std::vector<const char*>{"agent", "--server", "https://h:1"},
                                  std::vector<const char*>{"agent", "--token", "a.b.c"},
                                  std::vector<const char*>{"agent", "--server", "https://h:1", "--token", "a.b"}}) {
      CHECK(std::get<Usage>(parse(arguments)).exit_code == 2);
    }
  }
  SECTION("static pods") {
    const Command command = parse({"up", "--pod-manifest-path", "/etc/kubelet.d", "--manifest-url", "http://h/pods",
                                   "--manifest-url-header", "a:hello,b: big world", "--manifest-url-header",
                                   "c:", "--file-check-frequency", "1m", "--http-check-frequency", "5s"});
    const NodeOptions& node = std::get<ServeOptions>(command).node;
    CHECK(node.pod_manifest_path == "/etc/kubelet.d");
    CHECK(node.manifest_url == "http://h/pods");
    CHECK(node.manifest_url_headers == std::vector<std::string>{"a: hello", "b: big world", "c;"});
    CHECK(node.file_check_frequency == std::chrono::minutes(1));
    CHECK(node.http_check_frequency == std::chrono::seconds(5));
    const Command agent = parse(
        {"agent", "--server", "https://h:1", "--token", "abc123.0123456789abcdef.ff00", "--pod-manifest-path", "/x"});
    CHECK(std::get<JoinOptions>(agent).node.pod_manifest_path == "/x");
    CHECK(std::get<JoinOptions>(agent).node.file_check_frequency == std::chrono::seconds(20));
  }
  SECTION("tokens and times") {
    const Command command = parse({"token", "create", "--ttl", "1h30m", "--data-dir", "/x"});
    CHECK(std::get<TokenOptions>(command).time_to_live == std::chrono::minutes(90));
    CHECK(std::get<TokenOptions>(command).data_directory == "/x");
    CHECK(std::get<Usage>(parse({"token", "create", "--ttl", "soon"})).exit_code == 2);
    CHECK(std::get<Usage>(parse({"token"})).exit_code == 2);
    const Command server = parse({"server", "--node-monitor-grace-period", "1500ms"});
    CHECK(std::get<ServeOptions>(server).node_monitor_grace_period == std::chrono::milliseconds(1500));
    CHECK(std::get<Usage>(parse({"server", "--node-monitor-grace-period", "-1s"})).exit_code == 2);
  }
  SECTION("images, with the directory on either side of the verb") {
    for (const auto& arguments : {std::vector<const char*>{"image", "--data-dir", "/x", "load", "a.tar", "b.tar"},
                                  std::vector<const char*>{"image", "load", "--data-dir", "/x", "a.tar", "b.tar"}}) {
      const Command command = parse(arguments);
      const auto& image = std::get<ImageOptions>(command);
      CHECK(image.verb == ImageOptions::Verb::kLoad);
      CHECK(image.data_directory == "/x");
      CHECK(image.arguments == std::vector<std::string>{"a.tar", "b.tar"});
    }
  }
  SECTION("help is not a mistake") {
    const Command command = parse({"up", "--help"});
    CHECK(std::get<Usage>(command).exit_code == 0);
    CHECK(std::get<Usage>(command).text.find("--data-dir") != std::string::npos);
  }
}

TEST_CASE("what makes no sense is one line and exit code 2") {
  const std::vector<std::vector<const char*>> rows = {
      {},
      {"down"},
      {"up", "--nodes", "x"},
      {"up", "--nodes", "3"},
      {"up", "--listen", "nowhere"},
      {"up", "--listen", "127.0.0.1:99999"},
      {"up", "--runtime", "docker"},
      {"up", "--tls-cert-file", "x"},
      {"up", "--authorization-mode", "Sometimes"},
      {"server", "--nodes", "3"},
      {"up", "--manifest-url", "ftp://h"},
      {"up", "--manifest-url-header", "a"},
      {"up", "--file-check-frequency", "0s"},
      {"up", "--runtime", "fake", "--nodes", "2", "--manifest-url", "http://h"},
      {"image"},
      {"image", "load"}};
  for (const auto& arguments : rows) {
    std::string name;
    for (const char* argument : arguments) name += std::string(argument) + " ";
    DYNAMIC_SECTION("skiff " << name) {
      const Command command = parse(arguments);
      const auto* usage = std::get_if<Usage>(&command);
      REQUIRE(usage != nullptr);
      CHECK(usage->exit_code == 2);
      CHECK(usage->text.starts_with("skiff: "));
      CHECK(std::count(usage->text.begin(), usage->text.end(), '\n') == 1);
    }
  }
}

}  // namespace skiff::server
