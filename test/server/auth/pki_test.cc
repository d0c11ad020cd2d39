#include "server/auth/pki.h"

#include "api/base/files.h"
#include "api/base/ids.h"
#include "api/base/json.h"
#include "server/auth/kubeconfig.h"
#include "test/server/auth/temporary_directory.h"

#include <catch2/catch.hpp>

namespace skiff::server {

namespace fs = std::filesystem;

namespace {

const TimePoint kToday = std::chrono::system_clock::now();
constexpr std::chrono::hours kDay{24};

PkiOptions options() { return PkiOptions{"192.0.2.7", "box.example", {"api.example", "2001:db8::5"}}; }

Pki load(const fs::path& path, const PkiOptions& with = options(), TimePoint now = kToday) {
  const auto pki = load_or_create_pki(path, with, now);
  if (!pki) FAIL(pki.error().message);
  return *pki;
}

}  // namespace

TEST_CASE("the server's certificate holds every name that clients use") {
  const auto pki = create_pki(options(), kToday);
  REQUIRE(pki);
  for (const std::string name :
       {"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
        "localhost", "127.0.0.1", "::1", "10.96.0.1", "192.0.2.7", "box.example", "api.example", "2001:db8::5"}) {
    CAPTURE(name);
    CHECK(is_usable(pki->apiserver, pki->ca, {name}, kToday));
  }
  CHECK_FALSE(is_usable(pki->apiserver, pki->ca, {"other.example"}, kToday));
  CHECK_FALSE(is_usable(pki->apiserver, pki->ca, {"192.0.2.8"}, kToday));
  CHECK_FALSE(is_usable(pki->apiserver, pki->ca, {}, kToday + 826 * kDay));
  CHECK(is_usable(pki->ca, pki->ca, {}, kToday + 3649 * kDay));

  const auto other = create_pki(options(), kToday);
  REQUIRE(other);
  CHECK_FALSE(is_usable(pki->apiserver, other->ca, {}, kToday));
  CHECK_FALSE(is_usable(KeyPair{pki->apiserver.certificate, pki->admin.key}, pki->ca, {}, kToday));
  CHECK_FALSE(is_usable(KeyPair{"", ""}, pki->ca, {}, kToday));
  CHECK(pki->admin_token != other->admin_token);
  CHECK(pki->admin_token.size() == 64);
}

TEST_CASE("an unspecified listen address is no name") {
  PkiOptions unspecified;
  unspecified.listen_address = GENERATE("0.0.0.0", "::");
  const auto names = server_names(unspecified);
  CHECK(std::find(names.begin(), names.end(), unspecified.listen_address) == names.end());
  CHECK(names.size() == 8);
}

TEST_CASE("a PKI directory is made once and then kept") {
  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "data" / "pki";
  const Pki first = load(path);

  for (const std::string name : {"ca.key", "apiserver.key", "admin.key", "sa.key", "admin.token"}) {
    CAPTURE(name);
    CHECK(fs::status(path / name).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  }
  for (const std::string name : {"ca.crt", "apiserver.crt", "admin.crt", "sa.pub"}) CHECK(fs::exists(path / name));
  CHECK(fs::status(path).permissions() == fs::perms::owner_all);
  CHECK(std::distance(fs::directory_iterator(path), fs::directory_iterator()) == 9);

  const Pki second = load(path);
  CHECK(second.ca.certificate == first.ca.certificate);
  CHECK(second.apiserver.certificate == first.apiserver.certificate);
  CHECK(second.admin.key == first.admin.key);
  CHECK(second.service_account_private_key == first.service_account_private_key);
  CHECK(second.service_account_public_key == first.service_account_public_key);
  CHECK(second.admin_token == first.admin_token);
}

TEST_CASE("what a PKI directory lacks is made anew") {
  const TemporaryDirectory directory;
  const Pki first = load(directory.path());

  SECTION("a name in the server's certificate") {
    PkiOptions more = options();
    more.extra_names.push_back("new.example");
    const Pki second = load(directory.path(), more);
    CHECK(second.ca.certificate == first.ca.certificate);
    CHECK(second.admin.certificate == first.admin.certificate);
    CHECK(second.apiserver.certificate != first.apiserver.certificate);
    CHECK(is_usable(second.apiserver, second.ca, {"new.example"}, kToday));
    CHECK(load(directory.path(), more).apiserver.certificate == second.apiserver.certificate);
  }
  SECTION("time until the certificates expire") {
    CHECK(load(directory.path(), options(), kToday + 790 * kDay).apiserver.certificate == first.apiserver.certificate);
    const Pki second = load(directory.path(), options(), kToday + 800 * kDay);
    CHECK(second.apiserver.certificate != first.apiserver.certificate);
    CHECK(second.admin.certificate != first.admin.certificate);
    CHECK(second.admin_token == first.admin_token);
  }
  SECTION("a file") {
    const std::string name = GENERATE("apiserver.crt", "apiserver.key", "admin.crt", "sa.pub");
    fs::remove(directory.path() / name);
    const Pki second = load(directory.path());
    CHECK(second.ca.certificate == first.ca.certificate);
    CHECK(second.service_account_public_key == first.service_account_public_key);
    CHECK(is_usable(second.apiserver, second.ca, server_names(options()), kToday));
    CHECK(is_usable(second.admin, second.ca, {}, kToday));
    CHECK(fs::exists(directory.path() / name));
  }
  SECTION("the CA's certificate, as after a crash in the first start") {
    fs::remove(directory.path() / "ca.crt");
    const Pki second = load(directory.path());
    CHECK(is_usable(second.apiserver, second.ca, {}, kToday));
    CHECK(is_usable(second.admin, second.ca, {}, kToday));
  }
}

TEST_CASE("a broken CA or service account key is an error, not replaced") {
  const TemporaryDirectory directory;
  load(directory.path());
  const std::string name = GENERATE("ca.crt", "ca.key", "sa.key");
  REQUIRE(write_file_atomically(directory.path() / name, "nonsense"));
  const auto second = load_or_create_pki(directory.path(), options(), kToday);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kInvalid);
  CHECK(second.error().message.starts_with((directory.path() / name.substr(0, 2)).string()));
  CHECK(*read_file(directory.path() / name) == "nonsense");
}

TEST_CASE("a directory that cannot be made is one clear error") {
  const TemporaryDirectory directory;
  REQUIRE(write_file_atomically(directory.path() / "file", ""));
  const auto pki = load_or_create_pki(directory.path() / "file" / "pki", options(), kToday);
  REQUIRE_FALSE(pki);
  CHECK(pki.error().message == "make directory " + (directory.path() / "file" / "pki").string() + ": Not a directory");
}

TEST_CASE("the kubeconfig") {
  const auto pki = create_pki(options(), kToday);
  REQUIRE(pki);
  const auto parsed = parse_yaml(kubeconfig_text("https://127.0.0.1:6443", "PEM", *pki));
  REQUIRE(parsed);
  const Json& config = parsed->value;
  CHECK(config["kind"] == "Config");
  CHECK(config["current-context"] == "kubernetes-admin@skiff");
  CHECK(config["contexts"][0] ==
        Json{{"name", "kubernetes-admin@skiff"}, {"context", {{"cluster", "skiff"}, {"user", "kubernetes-admin"}}}});
  CHECK(config["clusters"][0]["name"] == "skiff");
  CHECK(config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443");
  const Json& user = config["users"][0]["user"];
  CHECK(config["users"][0]["name"] == "kubernetes-admin");
  CHECK(user["token"] == pki->admin_token);
  CHECK(user["client-key-data"] == base64_encode(pki->admin.key));
  CHECK(user["client-certificate-data"] == base64_encode(pki->admin.certificate));
  CHECK(config["clusters"][0]["cluster"]["certificate-authority-data"] == base64_encode("PEM"));

  const TemporaryDirectory directory;
  const fs::path path = directory.path() / "a" / "kubeconfig";
  REQUIRE(write_kubeconfig(path, "old"));
  REQUIRE(write_kubeconfig(path, "new"));
  CHECK(*read_file(path) == "new");
  CHECK(fs::status(path).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

}  // namespace skiff::server
