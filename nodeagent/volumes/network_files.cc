#include "nodeagent/volumes/network_files.h"

#include "api/views/meta.h"
#include "nodeagent/pods/sandbox_config.h"

#include <algorithm>
#include <sstream>
#include <vector>

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kMaxNameservers = 3;
constexpr std::size_t kMaxSearchDomains = 32;

struct ResolvConf {
  std::vector<std::string> nameservers;
  std::vector<std::string> searches;
  std::vector<std::string> options;
};

void add_unique(std::vector<std::string>& list, std::string value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

ResolvConf parse_resolv_conf(const std::string& text) {
  ResolvConf parsed;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "search" || key == "domain") parsed.searches.clear();  // the last one counts
    while (words >> word) {
      if (key == "nameserver") parsed.nameservers.push_back(word);
      if (key == "search" || key == "domain") parsed.searches.push_back(word);
      if (key == "options") parsed.options.push_back(word);
    }
  }
  return parsed;
}

void put_cluster_first(ResolvConf& conf, const Json& pod, const DnsSettings& settings) {
  const std::string services = "svc." + settings.cluster_domain;
  std::vector<std::string> searches = {api::namespace_of(pod) + "." + services, services, settings.cluster_domain};
  for (std::string& search : conf.searches) add_unique(searches, std::move(search));
  conf.searches = std::move(searches);
  conf.nameservers = {settings.cluster_dns};
  conf.options = {"ndots:5"};
}

void add_dns_config(ResolvConf& conf, const Json& config) {
  const auto each = [&config](std::string_view member, const auto& use) {
    const Json* list = find(config, {member});
    for (const Json& element : list != nullptr ? *list : Json::array()) use(element);
  };
  each("nameservers", [&](const Json& server) { add_unique(conf.nameservers, server.get<std::string>()); });
  each("searches", [&](const Json& search) { add_unique(conf.searches, search.get<std::string>()); });
  each("options", [&](const Json& option) {
    const std::string name = string_at(option, {"name"});
    const std::string value = string_at(option, {"value"});
    std::erase_if(conf.options, [&](const std::string& known) { return known.substr(0, known.find(':')) == name; });
    conf.options.push_back(value.empty() ? name : name + ":" + value);
  });
}

std::string to_text(ResolvConf conf) {
  if (conf.nameservers.size() > kMaxNameservers) conf.nameservers.resize(kMaxNameservers);
  if (conf.searches.size() > kMaxSearchDomains) conf.searches.resize(kMaxSearchDomains);
  std::string text;
  const auto add_line = [&text](const char* key, const std::vector<std::string>& words) {
    if (words.empty()) return;
    text += key;
    for (const std::string& word : words) text += " " + word;
    text += "\n";
  };
  add_line("search", conf.searches);
  for (const std::string& server : conf.nameservers) text += "nameserver " + server + "\n";
  add_line("options", conf.options);
  return text;
}

std::string own_entry(const Json& pod, const std::string& pod_ip, const std::string& cluster_domain) {
  const std::string hostname = pod_hostname(pod);
  const std::string subdomain = string_at(pod, {"spec", "subdomain"});
  if (subdomain.empty()) return pod_ip + "\t" + hostname + "\n";
  return pod_ip + "\t" + hostname + "." + subdomain + "." + api::namespace_of(pod) + ".svc." + cluster_domain + "\t" +
         hostname + "\n";
}

std::string alias_entries(const Json& pod) {
  const Json* aliases = find(pod, {"spec", "hostAliases"});
  if (aliases == nullptr || aliases->empty()) return "";
  std::string text = "\n# Entries added by HostAliases.\n";
  for (const Json& alias : *aliases) {
    text += string_at(alias, {"ip"});
    const Json* names = find(alias, {"hostnames"});
    for (const Json& name : names != nullptr ? *names : Json::array()) text += "\t" + name.get<std::string>();
    text += "\n";
  }
  return text;
}

}  // namespace

std::string make_hosts_file(const Json& pod, const std::string& pod_ip, const std::string& cluster_domain,
                            const std::string& node_hosts) {
  if (bool_at(pod, {"spec", "hostNetwork"})) {
    return "# Kubernetes-managed hosts file (host network).\n" + node_hosts + alias_entries(pod);
  }
  return "# Kubernetes-managed hosts file.\n"
         "127.0.0.1\tlocalhost\n"
         "::1\tlocalhost ip6-localhost ip6-loopback\n"
         "fe00::0\tip6-localnet\n"
         "fe00::0\tip6-mcastprefix\n"
         "fe00::1\tip6-allnodes\n"
         "fe00::2\tip6-allrouters\n" +
         own_entry(pod, pod_ip, cluster_domain) + alias_entries(pod);
}

std::string make_resolv_conf(const Json& pod, const DnsSettings& settings) {
  const std::string policy = string_at(pod, {"spec", "dnsPolicy"}, "ClusterFirst");
  ResolvConf conf;
  if (policy != "None") conf = parse_resolv_conf(settings.node_resolv_conf);
  const bool on_host = bool_at(pod, {"spec", "hostNetwork"});
  const bool cluster_first = policy == "ClusterFirstWithHostNet" || (policy == "ClusterFirst" && !on_host);
  if (cluster_first && !settings.cluster_dns.empty()) put_cluster_first(conf, pod, settings);
  if (const Json* config = find(pod, {"spec", "dnsConfig"})) add_dns_config(conf, *config);
  return to_text(std::move(conf));
}

}  // namespace skiff::nodeagent
