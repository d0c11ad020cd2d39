#include "api/base/files.h"
#include "nodeagent/mounts.h"
#include "nodeagent/volumes/network_files.h"
#include "nodeagent/volumes/payload.h"
#include "nodeagent/volumes/pod_files.h"
#include "nodeagent/volumes/shared_file.h"
#include "nodeagent/volumes/subpath.h"
#include "test/nodeagent/pods/pod_documents.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace skiff;
using namespace skiff::nodeagent;

namespace {

namespace fs = std::filesystem;

bool may_mount() {
  if (::geteuid() == 0) return true;
  WARN("skipped: mounting needs root");
  return false;
}

std::string text(const std::string& path) {
  const auto content = read_file(path);
  return content ? *content : "(no " + path + ")";
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

// Keeps what is made from others, unless its mode is set.
struct CarefulUser {
  const mode_t before = ::umask(0077);
  ~CarefulUser() { ::umask(before); }
};

// Of a link, its own.
gid_t group_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found.st_gid;
}

api::ObjectPtr object(const Json& data) { return std::make_shared<const Json>(Json{{"data", data}}); }

// A pod's files in a temporary directory; unmounts what a test leaves.
struct VolumeNode {
  test::TempDir directory;
  PodFiles files{PodFiles::Options{directory.path(), "", "cluster.local", "192.168.7.1", NodeCapacity()}};
  Json pod = test::make_pod();
  ConfigSnapshot configs;
  TokenSnapshot tokens;

  VolumeNode() { pod["metadata"]["uid"] = "u1"; }
  ~VolumeNode() { static_cast<void>(unmount_below(directory.path())); }

  void add_volume(const Json& source) {
    Json volume = source;
    volume["name"] = "v";
    pod["spec"]["volumes"].push_back(volume);
  }
  void put(ConfigKey::Kind kind, const std::string& name, const Json& data) {
    configs[ConfigKey{kind, "default", name}] = object(data);
  }
  std::string set_up() {
    const auto done = files.set_up_volumes(pod, configs, tokens);
    return done ? "" : done.error().message;
  }
  std::string volume(const std::string& type) {
    return files.pod_directory("u1") + "/volumes/kubernetes.io~" + type + "/v";
  }
};

}  // namespace

TEST_CASE("emptyDir") {
  VolumeNode node;
  SECTION("on disk: kept when set up again") {
    node.add_volume({{"emptyDir", Json::object()}});
    REQUIRE(node.set_up().empty());
    CHECK(mode_of(node.volume("empty-dir")) == 0777);
    std::ofstream(node.volume("empty-dir") + "/a") << "x";
    REQUIRE(node.set_up().empty());
    CHECK(text(node.volume("empty-dir") + "/a") == "x");
  }
  SECTION("on disk: one whose making was cut off is made anew") {
    node.add_volume({{"emptyDir", Json::object()}});
    const std::string unfinished = node.volume("empty-dir") + ".new";
    fs::create_directories(unfinished + "/left");
    REQUIRE(node.set_up().empty());
    CHECK(mode_of(node.volume("empty-dir")) == 0777);
    CHECK(list_directory(node.volume("empty-dir")).empty());
    CHECK_FALSE(path_exists(unfinished));
  }
  SECTION("in memory, gone with the pod") {
    if (!may_mount()) return;
    node.add_volume({{"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "1Mi"}}}});
    REQUIRE(node.set_up().empty());
    CHECK(mode_of(node.volume("empty-dir")) == 01777);
    fs::permissions(node.volume("empty-dir"), fs::perms(0700));
    REQUIRE(node.set_up().empty());
    CHECK(mode_of(node.volume("empty-dir")) == 0700);  // what containers made of it stays
    CHECK(is_mount_point(node.volume("empty-dir")));
    REQUIRE(node.files.remove_pod("u1").has_value());
    CHECK_FALSE(path_exists(node.files.pod_directory("u1")));
    CHECK(node.files.remove_pod("u1").has_value());
  }
  SECTION("of a group") {
    if (!may_mount()) return;
    node.pod["spec"]["securityContext"]["fsGroup"] = 2000;
    node.add_volume({{"emptyDir", Json::object()}});
    REQUIRE(node.set_up().empty());
    CHECK(mode_of(node.volume("empty-dir")) == 02777);
    CHECK(group_of(node.volume("empty-dir")) == 2000);
  }
  SECTION("of a group, in memory") {
    if (!may_mount()) return;
    node.pod["spec"]["securityContext"]["fsGroup"] = 2000;
    node.add_volume({{"emptyDir", {{"medium", "Memory"}}}});
    REQUIRE(node.set_up().empty());
    CHECK(mode_of(node.volume("empty-dir")) == 03777);
    CHECK(group_of(node.volume("empty-dir")) == 2000);
  }
}

TEST_CASE("hostPath") {
  test::TempDir host;
  fs::create_directories(host / "dir");
  std::ofstream(host / "file") << "x";
  struct Row {
    const char *type, *path, *error;  // of the check
  };
  const Row rows[] = {
      {"", "dir", ""},
      {"", "made", ""},
      {"Directory", "dir", ""},
      {"Directory", "file", "is not a directory"},
      {"Directory", "missing", "is not a directory"},
      {"DirectoryOrCreate", "made2", ""},
      {"File", "file", ""},
      {"File", "dir", "is not a file"},
      {"FileOrCreate", "file2", ""},
      {"Socket", "file", "is not a socket file"},
      {"CharDevice", "file", "is not a character device"},
      {"BlockDevice", "file", "is not a block device"},
  };
  for (const Row& row : rows) {
    INFO(row.type << " " << row.path);
    VolumeNode node;
    const std::string path = host / row.path;
    node.add_volume({{"hostPath", {{"path", path}, {"type", row.type}}}});
    const std::string expected =
        "MountVolume.SetUp failed for volume \"v\" : hostPath type check failed: " + path + " ";
    CHECK(node.set_up() == (*row.error == '\0' ? "" : expected + row.error));
  }
  CHECK(fs::is_directory(host / "made2"));
  CHECK(fs::is_regular_file(host / "file2"));
}

TEST_CASE("a ConfigMap as files") {
  VolumeNode node;
  node.put(ConfigKey::Kind::kConfigMap, "special", {{"level", "very"}, {"type", "charm"}});
  SECTION("all keys, with changes that come at once") {
    node.add_volume({{"configMap", {{"name", "special"}, {"defaultMode", 0640}}}});
    REQUIRE(node.set_up().empty());
    const std::string volume = node.volume("configmap");
    CHECK(text(volume + "/level") == "very");
    CHECK(mode_of(volume + "/level") == 0640);
    CHECK(fs::read_symlink(volume + "/level") == "..data/level");
    const fs::path version = fs::read_symlink(volume + "/..data");

    REQUIRE(node.set_up().empty());
    CHECK(fs::read_symlink(volume + "/..data") == version);  // nothing new, nothing touched

    node.put(ConfigKey::Kind::kConfigMap, "special", {{"level", "low"}, {"new", "n"}});
    REQUIRE(node.set_up().empty());
    CHECK(text(volume + "/level") == "low");
    CHECK(text(volume + "/new") == "n");
    CHECK_FALSE(path_exists(volume + "/type"));
    CHECK_FALSE(fs::exists(fs::symlink_status(volume + "/type")));
    CHECK_FALSE(path_exists((volume / version).string()));
    CHECK(list_directory(volume).size() == 4);  // ..data, its version, level, new
  }
  SECTION("whatever was put in place of its files: it is neither waited for nor followed") {
    node.add_volume({{"configMap", {{"name", "special"}}}});
    REQUIRE(node.set_up().empty());
    const std::string volume = node.volume("configmap");
    SECTION("a pipe") {
      fs::remove(volume + "/..data/level");
      REQUIRE(::mkfifo((volume + "/..data/level").c_str(), 0666) == 0);
    }
    SECTION("a link to elsewhere") {
      test::TempDir elsewhere;
      std::ofstream(elsewhere / "level") << "very";
      std::ofstream(elsewhere / "type") << "charm";
      fs::remove(volume + "/..data");
      fs::create_directory_symlink(elsewhere.path(), volume + "/..data");
    }
    REQUIRE(node.set_up().empty());
    CHECK(text(volume + "/level") == "very");
    CHECK(fs::is_regular_file(fs::symlink_status(volume + "/..data/level")));
    CHECK(fs::read_symlink(volume + "/..data").string().starts_with(".."));
  }
  SECTION("items") {
    node.add_volume(
        {{"configMap",
          {{"name", "special"}, {"items", Json::array({{{"key", "level"}, {"path", "a/b/level"}, {"mode", 0400}}})}}}});
    REQUIRE(node.set_up().empty());
    CHECK(text(node.volume("configmap") + "/a/b/level") == "very");
    CHECK(mode_of(node.volume("configmap") + "/a/b/level") == 0400);
    CHECK_FALSE(path_exists(node.volume("configmap") + "/type"));
  }
  SECTION("a missing key") {
    node.add_volume({{"configMap", {{"name", "special"}, {"items", Json::array({{{"key", "x"}, {"path", "x"}}})}}}});
    CHECK(node.set_up() ==
          "MountVolume.SetUp failed for volume \"v\" : configmap references non-existent config key: x");
    node.pod["spec"]["volumes"][0]["configMap"]["optional"] = true;
    CHECK(node.set_up().empty());
  }
  SECTION("a missing ConfigMap") {
    node.add_volume({{"configMap", {{"name", "nope"}}}});
    CHECK(node.set_up() == "MountVolume.SetUp failed for volume \"v\" : configmap \"nope\" not found");
    CHECK(node.files.set_up_volumes(node.pod, node.configs, node.tokens).error().code == ErrorCode::kNotFound);
    node.pod["spec"]["volumes"][0]["configMap"]["optional"] = true;
    REQUIRE(node.set_up().empty());
    CHECK(fs::is_directory(node.volume("configmap")));
  }
}

TEST_CASE("a Secret and a projection lie in memory") {
  if (!may_mount()) return;
  VolumeNode node;
  node.put(ConfigKey::Kind::kSecret, "keys", {{"token", "czNjcjN0"}});
  node.put(ConfigKey::Kind::kConfigMap, "special", {{"level", "very"}});
  SECTION("Secret") {
    node.add_volume({{"secret", {{"secretName", "keys"}}}});
    REQUIRE(node.set_up().empty());
    CHECK(text(node.volume("secret") + "/token") == "s3cr3t");
    CHECK(is_mount_point(node.volume("secret")));
  }
  SECTION("projection") {
    node.pod["metadata"]["labels"] = {{"app", "web"}};
    node.add_volume(Json::parse(R"({"projected": {"sources": [
        {"configMap": {"name": "special"}},
        {"secret": {"name": "keys"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}}]}})"));
    REQUIRE(node.set_up().empty());
    CHECK(text(node.volume("projected") + "/level") == "very");
    CHECK(text(node.volume("projected") + "/token") == "s3cr3t");
    CHECK(text(node.volume("projected") + "/labels") == "app=\"web\"");
  }
}

TEST_CASE("who may do what in volumes that show documents") {
  if (!may_mount()) return;
  struct Row {
    const char *source, *type;
    mode_t top, top_of_group;
  };
  const Row rows[] = {
      {R"({"configMap": {"name": "c", "defaultMode": 256, "items": [{"key": "k", "path": "a/b"}]}})", "configmap", 0777,
       02777},
      {R"({"secret": {"secretName": "s", "defaultMode": 256, "items": [{"key": "k", "path": "a/b"}]}})", "secret",
       01777, 03777},
      {R"({"downwardAPI": {"defaultMode": 256, "items": [{"path": "a/b", "fieldRef": {"fieldPath": "metadata.name"}}]}})",
       "downward-api", 01777, 03777},
      {R"({"projected": {"defaultMode": 256, "sources": [
          {"configMap": {"name": "c", "items": [{"key": "k", "path": "a/b"}]}}]}})",
       "projected", 01777, 03777},
  };
  const CarefulUser careful;
  for (const Row& row : rows) {
    for (const bool with_group : {false, true}) {
      INFO(row.type << (with_group ? " with fsGroup" : ""));
      VolumeNode node;
      node.put(ConfigKey::Kind::kConfigMap, "c", {{"k", "v"}});
      node.put(ConfigKey::Kind::kSecret, "s", {{"k", "dg=="}});
      node.add_volume(Json::parse(row.source));
      if (with_group) node.pod["spec"]["securityContext"]["fsGroup"] = 2000;
      REQUIRE(node.set_up().empty());
      const std::string volume = node.volume(row.type);
      const gid_t group = with_group ? 2000 : 0;
      CHECK(is_mount_point(volume) == ((row.top & S_ISVTX) != 0));
      CHECK(mode_of(volume) == (with_group ? row.top_of_group : row.top));
      CHECK(mode_of(volume + "/..data/a") == (with_group ? 02755 : 0755));
      CHECK(mode_of(volume + "/..data") == (with_group ? 02755 : 0755));
      CHECK(mode_of(volume + "/a/b") == (with_group ? 0440 : 0400));
      for (const char* path : {"", "/..data", "/..data/", "/a", "/a/", "/a/b"}) {
        INFO(path);
        CHECK(group_of(volume + path) == group);
      }
      const fs::path version = fs::read_symlink(volume + "/..data");
      REQUIRE(node.set_up().empty());
      CHECK(fs::read_symlink(volume + "/..data") == version);
    }
  }
}

TEST_CASE("a service account's token") {
  if (!may_mount()) return;
  VolumeNode node;
  const std::string path = node.volume("projected") + "/token";
  node.add_volume(Json::parse(
      R"({"projected": {"sources": [{"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}}]}})"));
  const TokenRequest request{"", std::chrono::seconds(3607)};
  node.tokens[request] = "first";
  SECTION("is shown, and replaced") {
    REQUIRE(node.set_up().empty());
    CHECK(text(path) == "first");
    CHECK(mode_of(path) == 0644);
    node.tokens[request] = "second";
    REQUIRE(node.set_up().empty());
    CHECK(text(path) == "second");
  }
  SECTION("belongs to the one user of the pod's containers") {
    node.pod["spec"]["securityContext"] = {{"runAsUser", 1000}};
    REQUIRE(node.set_up().empty());
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK(found.st_uid == 1000);
    CHECK(mode_of(path) == 0600);
  }
  SECTION("is readable for the pod's group") {
    node.pod["spec"]["securityContext"] = {{"fsGroup", 2000}};
    REQUIRE(node.set_up().empty());
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK(found.st_gid == 2000);
    CHECK(mode_of(path) == 0640);
  }
}

TEST_CASE("subPath") {
  if (!may_mount()) return;
  VolumeNode node;
  const std::string volume = node.directory / "volume";
  const std::string target = node.directory / "target";
  fs::create_directories(volume + "/dir");
  std::ofstream(volume + "/dir/file") << "x";

  SECTION("a directory and a file of the volume") {
    REQUIRE(mount_subpath(volume, "dir", target).has_value());
    CHECK(text(target + "/file") == "x");
    REQUIRE(mount_subpath(volume, "dir/file", target).has_value());  // the next run of the container
    CHECK(text(target) == "x");
  }
  SECTION("a missing one is made") {
    REQUIRE(mount_subpath(volume, "new/deep", target).has_value());
    CHECK(fs::is_directory(volume + "/new/deep"));
  }
  SECTION("links never lead out") {
    fs::create_symlink("/etc", volume + "/absolute");
    fs::create_symlink("../..", volume + "/up");
    fs::create_symlink("dir", volume + "/inside");
    CHECK_FALSE(mount_subpath(volume, "absolute", target).has_value());
    CHECK_FALSE(mount_subpath(volume, "absolute/new", target).has_value());
    CHECK_FALSE(mount_subpath(volume, "up/escape", target).has_value());
    CHECK_FALSE(mount_subpath(volume, "../x", target).has_value());
    CHECK_FALSE(path_exists("/etc/new"));
    CHECK(mount_subpath(volume, "inside", target).has_value());
  }
}

TEST_CASE("what a container gets mounted") {
  VolumeNode node;
  node.add_volume({{"emptyDir", Json::object()}});
  Json& container = node.pod["spec"]["containers"][0];
  container["volumeMounts"] = Json::array({{{"name", "v"}, {"mountPath", "/data"}, {"readOnly", true}}});
  REQUIRE(node.set_up().empty());
  const auto mounts = node.files.prepare_container(node.pod, "main", 1, "10.1.0.7", {});
  REQUIRE(mounts.has_value());
  std::map<std::string, Mount> by_path;
  for (const Mount& mount : *mounts) by_path[mount.container_path] = mount;
  CHECK(by_path.size() == 5);
  CHECK(by_path["/data"].host_path == node.volume("empty-dir"));
  CHECK(by_path["/data"].read_only);
  CHECK(text(by_path["/etc/hostname"].host_path) == "web\n");
  CHECK(text(by_path["/etc/hosts"].host_path).find("10.1.0.7\tweb\n") != std::string::npos);
  CHECK(path_exists(by_path["/etc/resolv.conf"].host_path));

  std::ofstream(by_path["/dev/termination-log"].host_path) << "it is over";
  CHECK(node.files.read_termination_message("u1", "main", 1) == "it is over");
  CHECK(node.files.read_termination_message("u1", "main", 0).empty());
  node.files.discard_attempt("u1", "main", 1);
  CHECK(node.files.read_termination_message("u1", "main", 1).empty());
  CHECK(node.files.pods() == std::vector<std::string>{"u1"});

  SECTION("what containers write into the managed files is gone with the next start, for those that run as well") {
    const std::string hosts = by_path["/etc/hosts"].host_path;
    const std::string before = text(hosts);
    const UniqueFd mounted(::open(hosts.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::ftruncate(mounted.get(), static_cast<off_t>(1) << 40) == 0);
    REQUIRE(node.files.prepare_container(node.pod, "main", 2, "10.1.0.7", {}).has_value());
    CHECK(text(hosts) == before);
    CHECK(shared_file_holds(mounted.get(), before));
  }
  SECTION("a termination message of any size costs its last 4 KiB") {
    REQUIRE(node.files.prepare_container(node.pod, "main", 2, "10.1.0.7", {}).has_value());
    const std::string message = node.files.pod_directory("u1") + "/containers/main/2.message";
    REQUIRE(::truncate(message.c_str(), static_cast<off_t>(1) << 40) == 0);
    std::ofstream(message, std::ios::app) << "the end";
    const std::string last = node.files.read_termination_message("u1", "main", 2);
    CHECK(last.size() == 4096);
    CHECK(last.ends_with("the end"));
  }
  SECTION("a volume of its own in place of a managed file") {
    container["volumeMounts"][0]["mountPath"] = "/etc/hosts";
    const auto own = node.files.prepare_container(node.pod, "main", 2, "10.1.0.7", {});
    REQUIRE(own.has_value());
    CHECK(own->size() == 4);
  }
  SECTION("a volume that does not exist") {
    container["volumeMounts"][0]["name"] = "nope";
    CHECK(node.files.prepare_container(node.pod, "main", 2, "", {}).error().message ==
          "cannot find volume \"nope\" to mount into container");
  }
}

TEST_CASE("volumes that the agent fills are read-only for containers") {
  struct Row {
    const char* type;
    Json source;
    bool read_only;
  };
  const Row rows[] = {
      {"emptyDir", {{"emptyDir", Json::object()}}, false},
      {"hostPath", {{"hostPath", {{"path", "/"}}}}, false},
      {"configMap", {{"configMap", {{"name", "special"}}}}, true},
      {"secret", {{"secret", {{"secretName", "special"}}}}, true},
      {"downwardAPI", {{"downwardAPI", Json::object()}}, true},
      {"projected", {{"projected", Json::object()}}, true},
  };
  for (const Row& row : rows) {
    INFO(row.type);
    VolumeNode node;
    node.add_volume(row.source);
    node.pod["spec"]["containers"][0]["volumeMounts"] =
        Json::array({{{"name", "v"}, {"mountPath", "/data"}, {"readOnly", false}}});
    REQUIRE(make_directories(node.files.pod_directory("u1") + "/etc").has_value());
    const auto mounts = node.files.prepare_container(node.pod, "main", 0, "10.1.0.7", {});
    REQUIRE(mounts.has_value());
    CHECK(mounts->at(0).container_path == "/data");
    CHECK(mounts->at(0).read_only == row.read_only);
  }
}

TEST_CASE("/etc/hosts") {
  Json pod = test::make_pod();
  pod["spec"]["subdomain"] = "sub";
  pod["spec"]["hostAliases"] = Json::array({{{"ip", "1.2.3.4"}, {"hostnames", {"a", "b"}}}});
  CHECK(make_hosts_file(pod, "10.1.0.7", "cluster.local", "") ==
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        "10.1.0.7\tweb.sub.default.svc.cluster.local\tweb\n"
        "\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n");
  pod = test::make_pod();
  pod["spec"]["hostNetwork"] = true;
  CHECK(make_hosts_file(pod, "", "cluster.local", "127.0.0.1 here\n") ==
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1 here\n");
}

TEST_CASE("/etc/resolv.conf") {
  const std::string node = "# a comment\nnameserver 9.9.9.9\nsearch example.org\noptions timeout:1\n";
  struct Row {
    const char* name;
    const char* policy;
    bool host_network;
    const char* cluster_dns;
    Json config;
    const char* expected;
  };
  const Row rows[] = {
      {"cluster first", "ClusterFirst", false, "10.96.0.10", nullptr,
       "search default.svc.cluster.local svc.cluster.local cluster.local example.org\nnameserver 10.96.0.10\noptions "
       "ndots:5\n"},
      {"no cluster DNS", "ClusterFirst", false, "", nullptr,
       "search example.org\nnameserver 9.9.9.9\noptions timeout:1\n"},
      {"host network", "ClusterFirst", true, "10.96.0.10", nullptr,
       "search example.org\nnameserver 9.9.9.9\noptions timeout:1\n"},
      {"default", "Default", false, "10.96.0.10", nullptr,
       "search example.org\nnameserver 9.9.9.9\noptions timeout:1\n"},
      {"none",
       "None",
       false,
       "10.96.0.10",
       {{"nameservers", {"1.1.1.1"}}, {"searches", {"a.b"}}, {"options", {{{"name", "ndots"}, {"value", "2"}}}}},
       "search a.b\nnameserver 1.1.1.1\noptions ndots:2\n"},
      {"an option replaced",
       "ClusterFirst",
       false,
       "10.96.0.10",
       {{"options", {{{"name", "ndots"}, {"value", "2"}}, {{"name", "edns0"}}}}},
       "search default.svc.cluster.local svc.cluster.local cluster.local example.org\nnameserver 10.96.0.10\noptions "
       "ndots:2 edns0\n"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Json pod = test::make_pod();
    pod["spec"]["dnsPolicy"] = row.policy;
    if (row.host_network) pod["spec"]["hostNetwork"] = true;
    if (!row.config.is_null()) pod["spec"]["dnsConfig"] = row.config;
    CHECK(make_resolv_conf(pod, {row.cluster_dns, "cluster.local", node}) == row.expected);
  }
}
