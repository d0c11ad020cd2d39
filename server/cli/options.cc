#include "server/cli/options.h"

#include "server/cli/node_flags.h"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <sstream>
#include <tuple>
#include <utility>

namespace skiff::server {
namespace {

// Everything that the parser fills in; which part counts is decided by the subcommand that was named.
struct Parsed {
  GlobalOptions global;
  std::string data_directory = default_data_directory();
  std::string listen = "127.0.0.1:6443";
  std::string node_ports = "30000-32767";
  std::string grace_period = "40s";
  std::string time_to_live = "0s";
  int verbosity = -1;
  ServeOptions serve;
  NodeFlags node;
  JoinOptions join;
  TokenOptions token;
  ImageOptions image;
  DatabaseOptions database;
};

void add_data_directory(CLI::App& app, Parsed& parsed) {
  app.add_option("--data-dir", parsed.data_directory, "Where skiff keeps its state")->capture_default_str();
}

void add_removal(CLI::App& app, Parsed& parsed) {
  app.add_flag("--rm", parsed.serve.remove_on_exit, "Remove all containers and the network on exit");
}

void add_logging(CLI::App& app, Parsed& parsed) {
  app.add_option("--log-level", parsed.global.log_level, "trace, debug, info, warning, error, critical or off")
      ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error", "critical", "off"}))
      ->capture_default_str();
  const std::map<std::string, LogFormat> formats = {{"text", LogFormat::kText}, {"json", LogFormat::kJson}};
  app.add_option("--logging-format", parsed.global.log_format, "text, or json: an object per line")
      ->transform(CLI::CheckedTransformer(formats))
      ->default_str("text");
  app.add_option("--v,-v", parsed.verbosity, "As upstream's: 4 and more logs what is done, 8 everything");
}

void add_serve_options(CLI::App& app, Parsed& parsed) {
  ServeOptions& serve = parsed.serve;
  add_logging(app, parsed);
  add_data_directory(app, parsed);
  app.add_option("--listen", parsed.listen, "ADDRESS:PORT of the API; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--kubeconfig", serve.kubeconfig, "Where to write the kubeconfig (default: in the data directory)");
  app.add_flag("--in-memory", serve.in_memory, "Keep nothing on the disk; without --data-dir, all files are temporary");
  app.add_option("--tls-san", serve.tls_sans, "A further name or address for the server's certificate");
  app.add_option("--tls-cert-file", serve.tls_certificate_file,
                 "The server's certificate, instead of one made by skiff");
  app.add_option("--tls-private-key-file", serve.tls_private_key_file, "The key of --tls-cert-file");
  app.add_option("--client-ca-file", serve.client_ca_file,
                 "A further authority whose client certificates are believed");
  app.add_option("--token-auth-file", serve.token_auth_file,
                 "Bearer tokens: lines of token,user,uid,\"group1,group2\"");
  app.add_option("--authorization-mode", serve.authorization_mode, "What authenticated users may do")
      ->check(CLI::IsMember({"AlwaysAllow", "AlwaysDeny"}))
      ->capture_default_str();
  app.add_option("--max-requests-inflight", serve.max_requests_in_flight,
                 "How many reading requests are answered at a time; 0: any number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--max-mutating-requests-inflight", serve.max_mutating_requests_in_flight,
                 "How many writing requests are answered at a time; 0: any number")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--service-cluster-ip-range", serve.service_cluster_ip_range, "Addresses of services")
      ->capture_default_str();
  app.add_option("--service-node-port-range", parsed.node_ports, "Ports of nodes that services may have")
      ->capture_default_str();
  app.add_option("--default-not-ready-toleration-seconds", serve.not_ready_toleration_seconds,
                 "How long pods stay on a node that is not ready")
      ->capture_default_str();
  app.add_option("--default-unreachable-toleration-seconds", serve.unreachable_toleration_seconds,
                 "How long pods stay on a node that is gone")
      ->capture_default_str();
  app.add_option("--node-monitor-grace-period", parsed.grace_period,
                 "How long nothing may be heard of a node before it counts as gone")
      ->capture_default_str();
  app.add_option("--cluster-cidr", parsed.node.options.cluster_cidr, "Addresses of pods")->capture_default_str();
}

// Of `skiff agent`: who the server is, and how it reaches us.
void add_join_options(CLI::App& app, Parsed& parsed) {
  JoinOptions& join = parsed.join;
  app.add_option("--server", join.server, "The server: https://HOST:PORT")->required();
  app.add_option("--token", join.token, "From `skiff token create`")->required();
  app.add_option("--discovery-token-ca-cert-hash", join.authority_hash,
                 "sha256:HEX of the public key of the server's authority, unless the token says it");
  app.add_option("--certificate-authority", join.authority_file, "The server's authority itself")
      ->excludes("--discovery-token-ca-cert-hash");
  app.add_option("--address", join.address, "Where the server reaches us for logs, exec, attach and port-forward")
      ->capture_default_str();
  app.add_option("--port", join.port, "Its port; 0 takes any free one")->capture_default_str();
  app.add_option("--node-ip", parsed.node.options.node_ip, "The node's address (default: the host's)");
  app.add_option("--pod-cidr", parsed.node.options.pod_cidr,
                 "Addresses of the node's pods (default: the server gives some)");
  app.add_option("--cluster-cidr", parsed.node.options.cluster_cidr, "Addresses of pods")->capture_default_str();
  app.add_option("--node-lease-duration-seconds", join.lease_duration_seconds,
                 "Of the node's Lease, which is renewed four times as often")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
}

// --v of upstream's commands, in our levels.
std::string level_of(const Parsed& parsed) {
  if (parsed.verbosity >= 8) return "trace";
  if (parsed.verbosity >= 4) return "debug";
  return parsed.global.log_level;
}

// An IPv4 network that has room for services and whose addresses can be counted.
Result<void> check_service_range(const std::string& text) {
  boost::system::error_code error;
  const auto network = boost::asio::ip::make_network_v4(text, error);
  if (error) return Error{ErrorCode::kInvalid, "\"" + text + "\" is not an IPv4 network"};
  if (network.prefix_length() < 12 || network.prefix_length() > 29) {
    return Error{ErrorCode::kInvalid, "the prefix of " + text + " must have 12 to 29 bits"};
  }
  return {};
}

// "30000-32767".
Result<std::pair<std::uint16_t, std::uint16_t>> parse_port_range(const std::string& text) {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  const char* end = text.data() + text.size();
  const auto [dash, first_error] = std::from_chars(text.data(), end, first);
  if (first_error == std::errc() && dash != end && *dash == '-') {
    const auto [rest, last_error] = std::from_chars(dash + 1, end, last);
    if (last_error == std::errc() && rest == end && first > 0 && first <= last) return std::pair(first, last);
  }
  return Error{ErrorCode::kInvalid, "\"" + text + "\" is not FIRST-LAST"};
}

// ID.SECRET.HASH, as `skiff token create` prints it, or ID.SECRET with the hash or the authority given apart.
Command finish_join(Parsed& parsed, bool data_directory_given) {
  JoinOptions& join = parsed.join;
  const auto first = join.token.find('.');
  const auto second = first == std::string::npos ? first : join.token.find('.', first + 1);
  if (second != std::string::npos) {
    if (join.authority_hash.empty()) join.authority_hash = "sha256:" + join.token.substr(second + 1);
    join.token.resize(second);
  }
  if (join.authority_file.empty() && join.authority_hash.empty()) {
    return Usage{2,
                 "skiff: --token says nothing about the server's authority: --discovery-token-ca-cert-hash or "
                 "--certificate-authority is needed\n"};
  }
  join.global = parsed.global;
  join.global.log_level = level_of(parsed);
  join.data_directory = data_directory_given ? parsed.data_directory : parsed.data_directory + "/agent";
  auto node = parsed.node.finish();
  if (!node) return Usage{2, "skiff: " + node.error().message + "\n"};
  join.node = std::move(*node);
  join.remove_on_exit = parsed.serve.remove_on_exit;
  return std::move(join);
}

Command finish_token(Parsed& parsed) {
  const auto time_to_live = parse_duration("--ttl", parsed.time_to_live);
  if (!time_to_live) return Usage{2, "skiff: " + time_to_live.error().message + "\n"};
  parsed.token.time_to_live = *time_to_live;
  parsed.token.data_directory = parsed.data_directory;
  return std::move(parsed.token);
}

Command finish_serve(Parsed& parsed, bool with_nodes, bool data_directory_given) {
  ServeOptions& serve = parsed.serve;
  const auto listen = parse_host_port(parsed.listen);
  if (!listen) return Usage{2, "skiff: --listen: " + listen.error().message + "\n"};
  if (serve.tls_certificate_file.empty() != serve.tls_private_key_file.empty()) {
    return Usage{2, "skiff: --tls-cert-file and --tls-private-key-file go together\n"};
  }
  if (auto checked = check_service_range(serve.service_cluster_ip_range); !checked) {
    return Usage{2, "skiff: --service-cluster-ip-range: " + checked.error().message + "\n"};
  }
  const auto node_ports = parse_port_range(parsed.node_ports);
  if (!node_ports) return Usage{2, "skiff: --service-node-port-range: " + node_ports.error().message + "\n"};
  std::tie(serve.first_node_port, serve.last_node_port) = *node_ports;
  const auto grace_period = parse_duration("--node-monitor-grace-period", parsed.grace_period);
  if (!grace_period) return Usage{2, "skiff: " + grace_period.error().message + "\n"};
  serve.node_monitor_grace_period = *grace_period;
  auto node = parsed.node.finish();
  if (!node) return Usage{2, "skiff: " + node.error().message + "\n"};
  serve.node = std::move(*node);
  serve.global = parsed.global;
  serve.global.log_level = level_of(parsed);
  serve.with_nodes = with_nodes;
  serve.listen_address = listen->address;
  serve.listen_port = listen->port;
  if (!serve.in_memory || data_directory_given) serve.data_directory = parsed.data_directory;
  return std::move(serve);
}

}  // namespace

std::string default_data_directory() {
  if (geteuid() == 0) return "/var/lib/skiff";
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/')
    return std::string(data) + "/skiff";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/share/skiff";
}

Result<HostPort> parse_host_port(const std::string& text) {
  const Error invalid{ErrorCode::kInvalid, "\"" + text + "\" is not ADDRESS:PORT"};
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return invalid;
  HostPort result;
  result.address = text.substr(0, colon);
  if (result.address.starts_with('[') && result.address.ends_with(']')) {
    result.address = result.address.substr(1, result.address.size() - 2);
  }
  if (result.address.empty()) result.address = "0.0.0.0";
  if (result.address == "localhost") result.address = "127.0.0.1";
  boost::system::error_code error;
  boost::asio::ip::make_address(result.address, error);
  const char* begin = text.data() + colon + 1;
  const char* end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(begin, end, result.port);
  if (error || code != std::errc() || rest != end) return invalid;
  return result;
}

Command parse_command_line(int argc, const char* const* argv) {
  Parsed parsed;
  CLI::App app("skiff: a Kubernetes-compatible cluster in one small binary", "skiff");
  app.require_subcommand(1);
  app.set_version_flag("--version", "skiff " SKIFF_VERSION);

  CLI::App* up = app.add_subcommand("up", "Run a control plane and one node in the foreground");
  add_serve_options(*up, parsed);
  parsed.node.add_to(*up);
  add_removal(*up, parsed);
  CLI::App* server = app.add_subcommand("server", "Run the control plane alone");
  add_serve_options(*server, parsed);

  CLI::App* agent = app.add_subcommand("agent", "Run a node of a server elsewhere");
  add_logging(*agent, parsed);
  add_data_directory(*agent, parsed);
  parsed.node.add_to(*agent);
  add_removal(*agent, parsed);
  add_join_options(*agent, parsed);

  CLI::App* token = app.add_subcommand("token", "What agents show to the server");
  token->require_subcommand(1);
  CLI::App* create_token = token->add_subcommand("create", "Make a token (the server must be running)");
  add_data_directory(*create_token, parsed);
  create_token->add_option("--ttl", parsed.time_to_live, "How long it is good for; 0: for ever")->capture_default_str();
  create_token->add_flag("--print-join-command", parsed.token.print_join_command, "Print the agent's command line");

  CLI::App* image = app.add_subcommand("image", "The node's images");
  image->require_subcommand(1);
  add_data_directory(*image, parsed);
  const auto add_image_verb = [&](const char* name, const char* help, ImageOptions::Verb verb, const char* argument) {
    CLI::App* command = image->add_subcommand(name, help);
    command->fallthrough();
    if (argument != nullptr) command->add_option(argument, parsed.image.arguments, "")->required();
    command->callback([&parsed, verb] { parsed.image.verb = verb; });
  };
  add_image_verb("load", "Load docker or OCI archives", ImageOptions::Verb::kLoad, "archive");
  add_image_verb("pull", "Fetch images from their registries", ImageOptions::Verb::kPull, "image");
  add_image_verb("ls", "List the images", ImageOptions::Verb::kList, nullptr);
  add_image_verb("rm", "Remove images", ImageOptions::Verb::kRemove, "image");

  CLI::App* database = app.add_subcommand("db", "The cluster's objects on the disk");
  database->require_subcommand(1);
  add_data_directory(*database, parsed);
  CLI::App* check = database->add_subcommand("check", "Read everything and say whether it is whole");
  check->fallthrough();
  check->add_option("file", parsed.database.file, "A backup (default: the data directory's own database)");
  check->callback([&parsed] { parsed.database.verb = DatabaseOptions::Verb::kCheck; });
  CLI::App* backup = database->add_subcommand("backup", "Write a copy, also while skiff runs");
  backup->fallthrough();
  backup->add_option("file", parsed.database.file, "Where to; what is there is replaced")->required();
  backup->callback([&parsed] { parsed.database.verb = DatabaseOptions::Verb::kBackup; });

  CLI::App* clean = app.add_subcommand("clean", "Remove everything that skiff left on this machine");
  add_logging(*clean, parsed);
  add_data_directory(*clean, parsed);
  CLI::App* kubeconfig = app.add_subcommand("kubeconfig", "Print the administrator's kubeconfig");
  add_data_directory(*kubeconfig, parsed);
  CLI::App* version = app.add_subcommand("version", "Print the version");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    return Usage{code == 0 ? 0 : 2,
                 code == 0 ? out.str() : "skiff: " + std::string(error.what()) + " (see skiff --help)\n"};
  }
  parsed.global.log_level = level_of(parsed);
  const bool counts_nodes = up->count("--nodes") > 0 || agent->count("--nodes") > 0;
  if (counts_nodes && parsed.node.options.runtime == RuntimeKind::kOci) {
    return Usage{2, "skiff: --nodes goes with --runtime fake\n"};
  }
  if (up->parsed()) return finish_serve(parsed, true, up->count("--data-dir") > 0);
  if (server->parsed()) return finish_serve(parsed, false, server->count("--data-dir") > 0);
  if (agent->parsed()) return finish_join(parsed, agent->count("--data-dir") > 0);
  if (create_token->parsed()) return finish_token(parsed);
  if (image->parsed()) {
    parsed.image.data_directory = parsed.data_directory;
    return std::move(parsed.image);
  }
  if (database->parsed()) {
    parsed.database.data_directory = parsed.data_directory;
    return std::move(parsed.database);
  }
  if (clean->parsed()) return CleanOptions{parsed.global, parsed.data_directory};
  if (kubeconfig->parsed()) return KubeconfigOptions{parsed.data_directory};
  if (version->parsed()) return VersionOptions{};
  return Usage{2, app.help()};
}

}  // namespace skiff::server
