#pragma once

#include "api/base/log.h"
#include "api/base/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The command line (a contract with users, see README.md): parsing only, no effects.
namespace skiff::server {

struct GlobalOptions {
  std::string log_level = "info";
  LogFormat log_format = LogFormat::kText;
};

enum class RuntimeKind { kOci, kFake };

// What a node is like, in whichever process it lives.
struct NodeOptions {
  RuntimeKind runtime = RuntimeKind::kOci;
  std::string node_name;  // empty: the host's name
  int fake_nodes = 1;
  int max_pods = 110;
  std::int64_t pod_max_pids = 0;  // 0: any number
  // Below what the node is under pressure, as the flag has it; none: such pressure is reported and nothing more.
  std::optional<std::string> eviction_hard;
  std::chrono::nanoseconds eviction_pressure_transition_period = std::chrono::minutes(5);
  std::string bridge;  // of the pod network; empty: skiff0
  std::string cluster_cidr = "10.244.0.0/16";
  std::string pod_cidr;  // the node's part of it; empty: the first /24, or what the server gives
  std::string node_ip;   // empty: the host's address
  std::string cluster_dns;
  std::int64_t container_log_max_bytes = std::int64_t{10} << 20;  // of each file; < 0: any number
  int container_log_max_files = 5;
  // Garbage collection of images: see ImageCollectionPolicy.
  int image_gc_high_threshold = 85;
  int image_gc_low_threshold = 80;
  std::chrono::nanoseconds minimum_image_age = std::chrono::minutes(2);
  std::chrono::nanoseconds maximum_image_age{0};
  // Static pods: a file or a directory of files, and a URL that is asked with further header lines ("Name: value").
  std::string pod_manifest_path;
  std::string manifest_url;
  std::vector<std::string> manifest_url_headers;
  std::chrono::nanoseconds file_check_frequency = std::chrono::seconds(20);
  std::chrono::nanoseconds http_check_frequency = std::chrono::seconds(20);
};

// `skiff up` and `skiff server`.
struct ServeOptions {
  GlobalOptions global;
  bool with_nodes = true;      // false: the control plane alone (`skiff server`)
  std::string data_directory;  // empty with in_memory: a temporary one
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 6443;
  std::string kubeconfig;  // empty: inside the data directory
  bool in_memory = false;
  bool remove_on_exit = false;

  NodeOptions node;
  std::string service_cluster_ip_range = "10.96.0.0/12";
  std::uint16_t first_node_port = 30000;
  std::uint16_t last_node_port = 32767;

  std::vector<std::string> tls_sans;
  std::string tls_certificate_file;
  std::string tls_private_key_file;
  std::string client_ca_file;
  std::string token_auth_file;
  std::string authorization_mode = "AlwaysAllow";
  int max_requests_in_flight = 400;  // reading ones; 0: any number
  int max_mutating_requests_in_flight = 200;
  std::int64_t not_ready_toleration_seconds = 300;
  std::int64_t unreachable_toleration_seconds = 300;
  std::chrono::nanoseconds node_monitor_grace_period = std::chrono::seconds(40);
};

// `skiff agent`: nodes whose server is another process.
struct JoinOptions {
  GlobalOptions global;
  std::string data_directory;
  bool remove_on_exit = false;
  NodeOptions node;

  std::string server;  // https://HOST:PORT
  std::string token;   // ID.SECRET
  // Whom to believe that it is the server: the hash of its authority's public key ("sha256:..."), or the authority.
  std::string authority_hash;
  std::string authority_file;
  std::string address = "0.0.0.0";  // where the server asks for logs
  std::uint16_t port = 10250;
  int lease_duration_seconds = 40;
};

// `skiff token create`.
struct TokenOptions {
  std::string data_directory;
  std::chrono::nanoseconds time_to_live{0};  // 0: for ever
  bool print_join_command = false;
};

struct ImageOptions {
  enum class Verb { kLoad, kPull, kList, kRemove };
  GlobalOptions global;
  Verb verb = Verb::kList;
  std::string data_directory;
  std::vector<std::string> arguments;  // archives or image names
};

// `skiff db`.
struct DatabaseOptions {
  enum class Verb { kCheck, kBackup };
  Verb verb = Verb::kCheck;
  std::string data_directory;
  std::string file;  // kCheck: empty for the data directory's own
};

struct CleanOptions {
  GlobalOptions global;
  std::string data_directory;
};

struct KubeconfigOptions {
  std::string data_directory;
};

struct VersionOptions {};

// Help text that was asked for, or why the arguments are not a command.
struct Usage {
  int exit_code = 0;
  std::string text;
};

using Command = std::variant<ServeOptions, JoinOptions, TokenOptions, ImageOptions, DatabaseOptions, CleanOptions,
                             KubeconfigOptions, VersionOptions, Usage>;

[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

// /var/lib/skiff for root, else $XDG_DATA_HOME/skiff or ~/.local/share/skiff.
[[nodiscard]] std::string default_data_directory();

// "127.0.0.1:6443", "[::1]:0", ":8443" (all addresses). kInvalid.
struct HostPort {
  std::string address;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<HostPort> parse_host_port(const std::string& text);

}  // namespace skiff::server
