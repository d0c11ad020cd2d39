#include "nodeagent/pods/container_config.h"

#include "nodeagent/pods/environment.h"
#include "nodeagent/pods/image_credentials.h"
#include "nodeagent/pods/image_step.h"
#include "nodeagent/pods/qos.h"
#include "nodeagent/pods/sandbox_config.h"
#include "nodeagent/pods/security.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

const DownwardFacts kFacts{"10.1.0.7", "192.168.7.1", NodeCapacity{4000, 8LL << 30, 100LL << 30, 110}};

ConfigSnapshot some_configs() {
  ConfigSnapshot configs;
  const auto add = [&](ConfigKey::Kind kind, const std::string& name, const Json& data) {
    configs[ConfigKey{kind, "default", name}] = std::make_shared<const Json>(Json{{"data", data}});
  };
  add(ConfigKey::Kind::kConfigMap, "special", {{"level", "very"}, {"type", "charm"}});
  add(ConfigKey::Kind::kSecret, "keys", {{"token", "czNjcjN0"}});
  configs[ConfigKey{ConfigKey::Kind::kConfigMap, "other", "foreign"}] =
      std::make_shared<const Json>(Json{{"data", {{"a", "b"}}}});
  return configs;
}

Json from(const std::string& kind, const std::string& name, const std::string& key, bool optional = false) {
  Json selector = {{"name", name}, {"key", key}};
  if (optional) selector["optional"] = true;
  return {{kind, selector}};
}

}  // namespace

TEST_CASE("variables are expanded as upstream does") {
  struct Row {
    const char *text, *expected;
  };
  const Row rows[] = {{"plain", "plain"},
                      {"$(A)", "1"},
                      {"$(A)-$(B)", "1-2"},
                      {"$$(A)", "$(A)"},
                      {"$(MISSING)", "$(MISSING)"},
                      {"$A", "$A"},
                      {"$", "$"},
                      {"a$", "a$"},
                      {"$(A", "$(A"},
                      {"$$", "$"},
                      {"$$$(A)", "$1"},
                      {"", ""},
                      {"$()", "$()"},
                      {"$(A)$(MISSING)$(B)", "1$(MISSING)2"}};
  const std::map<std::string, std::string> values = {{"A", "1"}, {"B", "2"}};
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(expand_variables(row.text, [&](const std::string& name) {
            const auto found = values.find(name);
            return found == values.end() ? nullptr : &found->second;
          }) == row.expected);
  }
}

TEST_CASE("a container's variables") {
  Json pod = test::make_pod();
  pod["metadata"]["labels"] = {{"app", "web"}, {"tier", "front"}};
  Json& container = pod["spec"]["containers"][0];
  container["resources"]["limits"] = {{"memory", "64Mi"}};
  const auto value_of = [&](const Json& variable) -> std::string {
    container["env"] = Json::array({variable});
    const auto made = make_environment(pod, container, some_configs(), kFacts);
    if (!made) return "error: " + made.error().message;
    return made->empty() ? "none" : made->at(0).second;
  };
  struct Row {
    const char* name;
    Json variable;  // without a name
    const char* expected;
  };
  const Row rows[] = {
      {"literal", {{"value", "x"}}, "x"},
      {"empty", Json::object(), ""},
      {"ConfigMap", {{"valueFrom", from("configMapKeyRef", "special", "level")}}, "very"},
      {"Secret, decoded", {{"valueFrom", from("secretKeyRef", "keys", "token")}}, "s3cr3t"},
      {"no such ConfigMap",
       {{"valueFrom", from("configMapKeyRef", "nope", "a")}},
       "error: configmap \"nope\" not found"},
      {"no such Secret", {{"valueFrom", from("secretKeyRef", "nope", "a")}}, "error: secret \"nope\" not found"},
      {"no such key",
       {{"valueFrom", from("configMapKeyRef", "special", "a")}},
       "error: couldn't find key a in ConfigMap default/special"},
      {"no such secret key",
       {{"valueFrom", from("secretKeyRef", "keys", "a")}},
       "error: couldn't find key a in Secret default/keys"},
      {"optional ConfigMap", {{"valueFrom", from("configMapKeyRef", "nope", "a", true)}}, "none"},
      {"optional key", {{"valueFrom", from("configMapKeyRef", "special", "a", true)}}, "none"},
      {"of another namespace",
       {{"valueFrom", from("configMapKeyRef", "foreign", "a")}},
       "error: configmap \"foreign\" not found"},
      {"pod name", {{"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.name"}}}}}}, "web"},
      {"label", {{"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.labels['tier']"}}}}}}, "front"},
      {"pod IP", {{"valueFrom", {{"fieldRef", {{"fieldPath", "status.podIP"}}}}}}, "10.1.0.7"},
      {"node", {{"valueFrom", {{"fieldRef", {{"fieldPath", "spec.nodeName"}}}}}}, "n1"},
      {"limit", {{"valueFrom", {{"resourceFieldRef", {{"resource", "limits.memory"}, {"divisor", "1Mi"}}}}}}, "64"},
      {"no limit: the node's", {{"valueFrom", {{"resourceFieldRef", {{"resource", "limits.cpu"}}}}}}, "4"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json variable = row.variable;
    variable["name"] = "V";
    CHECK(value_of(variable) == row.expected);
  }

  SECTION("envFrom with a prefix, replaced and referred to by env") {
    container["envFrom"] = Json::array({{{"configMapRef", {{"name", "special"}}}},
                                        {{"prefix", "S_"}, {"secretRef", {{"name", "keys"}}}},
                                        {{"configMapRef", {{"name", "nope"}, {"optional", true}}}}});
    container["env"] =
        Json::array({{{"name", "level"}, {"value", "new"}}, {{"name", "all"}, {"value", "$(level) $(S_token)"}}});
    const auto made = make_environment(pod, container, some_configs(), kFacts);
    REQUIRE(made.has_value());
    CHECK(*made == Environment{{"level", "new"}, {"type", "charm"}, {"S_token", "s3cr3t"}, {"all", "new s3cr3t"}});
  }
}

TEST_CASE("a container's command line") {
  struct Row {
    const char* name;
    Json command, arguments;
    std::vector<std::string> expected;
  };
  const Row rows[] = {
      {"the image's", nullptr, nullptr, {"/entry", "default"}},
      {"args replace cmd", nullptr, {"a", "b"}, {"/entry", "a", "b"}},
      {"command drops both", {"run"}, nullptr, {"run"}},
      {"command and args", {"run"}, {"$(A)"}, {"run", "1"}},
  };
  ImageConfig image;
  image.entrypoint = {"/entry"};
  image.command = {"default"};
  for (const Row& row : rows) {
    INFO(row.name);
    Json container = test::make_container("main");
    if (!row.command.is_null()) container["command"] = row.command;
    if (!row.arguments.is_null()) container["args"] = row.arguments;
    CHECK(make_arguments(container, image, {{"A", "1"}}) == row.expected);
  }
}

TEST_CASE("the environment is the container's over the image's over the usual") {
  ContainerInputs inputs;
  Json pod = test::make_pod();
  pod["spec"]["containers"][0]["env"] = Json::array({{{"name", "MODE"}, {"value", "mine"}}});
  inputs.pod = std::make_shared<const Json>(pod);
  inputs.name = "main";
  inputs.image.config.command = {"sh"};
  inputs.image.config.environment = {"PATH=/bin", "MODE=image", "LANG=C"};
  inputs.image.config.working_directory = "/srv";
  const auto config = make_container_config(inputs);
  REQUIRE(config.has_value());
  CHECK(config->environment == Environment{{"PATH", "/bin"}, {"HOSTNAME", "web"}, {"MODE", "mine"}, {"LANG", "C"}});
  CHECK(config->working_directory == "/srv");
  inputs.image.config.command.clear();
  CHECK(make_container_config(inputs).error().message == "no command specified");
}

TEST_CASE("under whom a container runs") {
  const UserDatabase users{"root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n",
                           "root:x:0:\nlogs:x:50:web,other\n"};
  struct Row {
    const char* name;
    const char* image_user;
    Json container, pod;  // securityContexts
    std::int64_t uid, gid;
    std::vector<std::int64_t> groups;
    const char* error;
  };
  const Row rows[] = {
      {"root by default", "", {}, {}, 0, 0, {}, ""},
      {"the image's user by name", "web", {}, {}, 33, 34, {50}, ""},
      {"the image's user by number", "33", {}, {}, 33, 34, {50}, ""},
      {"a number that the image does not know", "1000", {}, {}, 1000, 0, {}, ""},
      {"with a group", "web:logs", {}, {}, 33, 50, {50}, ""},
      {"a name that the image does not know",
       "nobody",
       {},
       {},
       0,
       0,
       {},
       "unable to find user nobody: no matching entries in passwd file"},
      {"the pod's user over the image's", "web", {}, {{"runAsUser", 7}}, 7, 0, {}, ""},
      {"the container's over the pod's", "", {{"runAsUser", 8}, {"runAsGroup", 9}}, {{"runAsUser", 7}}, 8, 9, {}, ""},
      {"groups of the pod", "", {}, {{"supplementalGroups", {70, 71}}, {"fsGroup", 72}}, 0, 0, {70, 71, 72}, ""},
      {"root refused",
       "",
       {},
       {{"runAsNonRoot", true}},
       0,
       0,
       {},
       "container has runAsNonRoot and image will run as root (pod: \"web_default(u1)\", container: main)"},
      {"unverifiable name refused",
       "web",
       {},
       {{"runAsNonRoot", true}},
       0,
       0,
       {},
       "container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root (pod: "
       "\"web_default(u1)\", container: main)"},
      {"explicit root refused",
       "33",
       {{"runAsUser", 0}},
       {{"runAsNonRoot", true}},
       0,
       0,
       {},
       "container's runAsUser breaks non-root policy (pod: \"web_default(u1)\", container: main)"},
      {"number accepted", "33", {}, {{"runAsNonRoot", true}}, 33, 34, {50}, ""},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["metadata"]["uid"] = "u1";
    if (!row.pod.is_null()) pod["spec"]["securityContext"] = row.pod;
    Json& container = pod["spec"]["containers"][0];
    if (!row.container.is_null()) container["securityContext"] = row.container;
    ImageConfig image;
    image.user = row.image_user;
    const auto made = make_security(pod, container, image, users);
    CHECK((made ? "" : made.error().message) == row.error);
    if (!made) continue;
    CHECK(made->uid == row.uid);
    CHECK(made->gid == row.gid);
    CHECK(made->supplemental_groups == row.groups);
  }
}

TEST_CASE("an image's users are read through its layers") {
  test::TempDir directory;
  const auto write = [&](const std::string& layer, const std::string& text) {
    std::filesystem::create_directories(directory / (layer + "/etc"));
    std::ofstream(directory / (layer + "/etc/passwd")) << text;
  };
  write("low", "low");
  std::filesystem::create_directories(directory / "high/etc");
  const std::vector<std::string> layers = {directory / "low", directory / "high"};
  CHECK(read_user_database(layers).passwd == "low");
  SECTION("the topmost counts") {
    write("high", "high");
    CHECK(read_user_database(layers).passwd == "high");
  }
  SECTION("a link never leads out of the image") {
    std::filesystem::create_symlink("/etc/passwd", directory / "high/etc/passwd");
    CHECK(read_user_database(layers).passwd.find("root") == std::string::npos);
  }
}

TEST_CASE("limits and classes") {
  struct Row {
    const char* name;
    Json requests, limits;
    std::int64_t shares, quota, memory;
    int oom_score;
    const char* cgroup;
  };
  const Row rows[] = {
      {"nothing asked", {}, {}, 2, 0, 0, 1000, "besteffort/podu1"},
      {"a request", {{"cpu", "250m"}, {"memory", "2Gi"}}, {}, 256, 0, 0, 750, "burstable/podu1"},
      {"limits alone count as requests", {}, {{"cpu", "1"}, {"memory", "1Gi"}}, 1024, 100000, 1LL << 30, -997, "podu1"},
      {"a tiny limit", {}, {{"cpu", "1m"}}, 2, 1000, 0, 999, "burstable/podu1"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["metadata"]["uid"] = "u1";
    Json& container = pod["spec"]["containers"][0];
    if (!row.requests.is_null()) container["resources"]["requests"] = row.requests;
    if (!row.limits.is_null()) container["resources"]["limits"] = row.limits;
    const Resources made = make_resources(container);
    CHECK(made.cpu_shares == row.shares);
    CHECK(made.cpu_quota_us == row.quota);
    CHECK(made.memory_limit_bytes == row.memory);
    CHECK(oom_score(pod, container, kFacts.capacity) == row.oom_score);
    CHECK(make_pod_cgroup(pod, 0).path == row.cgroup);
  }
}

TEST_CASE("a pod's own cgroup") {
  struct Row {
    const char* name;
    const char* containers;  // their resources
    const char* init_containers;
    const char* overhead;
    std::int64_t shares, quota, memory;
  };
  const char* kLimited = R"({"requests": {"cpu": "500m"}, "limits": {"cpu": "1", "memory": "64Mi"}})";
  const std::string two_limited = std::string(kLimited) + "," + kLimited;
  const Row rows[] = {
      {"nothing asked", "{}", "", "", 2, 0, 0},
      {"nothing asked, with overhead", "{}", "", R"({"cpu": "250m"})", 2, 0, 0},
      {"all limited", two_limited.c_str(), "", "", 1024, 200000, 128 << 20},
      {"one is not limited in anything", R"({"requests": {"cpu": "1"}, "limits": {"cpu": "2", "memory": "1Gi"}}, {})",
       "", "", 1024, 0, 0},
      {"one is not limited in memory", R"({"limits": {"cpu": "2", "memory": "1Gi"}}, {"limits": {"cpu": "500m"}})", "",
       "", 2, 250000, 0},
      {"overhead comes on top", kLimited, "", R"({"cpu": "250m", "memory": "16Mi"})", 768, 125000, 80 << 20},
      {"an init container asks for more", kLimited,
       R"({"requests": {"cpu": "2"}, "limits": {"cpu": "3", "memory": "32Mi"}})", "", 2048, 300000, 64 << 20},
      {"an init container without limits", kLimited, "{}", "", 512, 0, 0},
      {"a sidecar runs beside the containers", kLimited,
       R"({"restartPolicy": "Always", "requests": {"cpu": "1"}, "limits": {"cpu": "1", "memory": "8Mi"}})", "", 1536,
       200000, 72 << 20},
      {"an init container without limits behind a sidecar with them", kLimited,
       R"({"restartPolicy": "Always", "limits": {"cpu": "1", "memory": "8Mi"}}, {})", "", 512, 200000, 72 << 20},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["spec"]["containers"] = Json::array();
    for (const auto& [member, list] :
         {std::pair("containers", row.containers), {"initContainers", row.init_containers}}) {
      for (const Json& resources : Json::parse("[" + std::string(list) + "]")) {
        Json container = test::make_container(std::string(member) + std::to_string(pod["spec"][member].size()));
        container["resources"] = resources;
        if (resources.contains("restartPolicy")) container["restartPolicy"] = resources["restartPolicy"];
        pod["spec"][member].push_back(std::move(container));
      }
    }
    if (*row.overhead != 0) pod["spec"]["overhead"] = Json::parse(row.overhead);
    const PodCgroup cgroup = make_pod_cgroup(pod, 7);
    CHECK(cgroup.resources.cpu_shares == row.shares);
    CHECK(cgroup.resources.cpu_quota_us == row.quota);
    CHECK(cgroup.resources.memory_limit_bytes == row.memory);
    CHECK(cgroup.resources.pids_limit == 7);
    CHECK(cgroup.class_cpu_shares == (cgroup.path.starts_with("besteffort/") ? 2 : 0));
  }
}

TEST_CASE("when an image is pulled") {
  CHECK(image_need("Always", true) == ImageNeed::kPull);
  CHECK(image_need("Always", false) == ImageNeed::kPull);
  CHECK(image_need("IfNotPresent", true) == ImageNeed::kUse);
  CHECK(image_need("IfNotPresent", false) == ImageNeed::kPull);
  CHECK(image_need("Never", true) == ImageNeed::kUse);
  CHECK(image_need("Never", false) == ImageNeed::kRefuse);
}

TEST_CASE("pull secrets") {
  Json pod = test::make_pod();
  pod["spec"]["imagePullSecrets"] = Json::array({{{"name", "missing"}}, {{"name", "hub"}}});
  ConfigSnapshot configs;
  // {"auths":{"https://index.docker.io/v1/":{"auth":"bWU6c2VzYW1l"},"localhost:5000":{"username":"you","password":"pw"}}}
  configs[ConfigKey{ConfigKey::Kind::kSecret, "default", "hub"}] = std::make_shared<const Json>(Json{
      {"data",
       {{".dockerconfigjson",
         "eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsiYXV0aCI6ImJXVTZjMlZ6WVcxbCJ9LCJsb2NhbGhvc3Q6NTAwMCI6"
         "eyJ1c2VybmFtZSI6InlvdSIsInBhc3N3b3JkIjoicHcifX19"}}}});
  CHECK(image_credentials(pod, "nginx:1.13", configs).username == "me");
  CHECK(image_credentials(pod, "nginx:1.13", configs).password == "sesame");
  CHECK(image_credentials(pod, "localhost:5000/x", configs).password == "pw");
  CHECK(image_credentials(pod, "quay.io/x/y", configs).username.empty());
}

TEST_CASE("a pod's sandbox") {
  Json pod = test::make_pod("a-name-that-is-much-too-long-for-a-host-name-because-of-the-kernels-limit-of-64");
  CHECK(make_sandbox_config(pod, 0, 0).hostname.size() == 63);
  pod = test::make_pod();
  pod["spec"]["hostname"] = "front";
  pod["spec"]["containers"][0]["ports"] =
      Json::array({{{"containerPort", 80}}, {{"containerPort", 53}, {"hostPort", 5353}, {"protocol", "UDP"}}});
  const SandboxConfig config = make_sandbox_config(pod, 2, 100);
  CHECK(config.hostname == "front");
  CHECK(config.key.attempt == 2);
  REQUIRE(config.port_mappings.size() == 1);
  CHECK(config.port_mappings[0].host_port == 5353);
  CHECK(config.port_mappings[0].protocol == "UDP");
  CHECK(config.cgroup.path == "besteffort/poduid-web");
  CHECK(config.cgroup.resources.pids_limit == 100);
}
