#include "api/base/ids.h"
#include "api/base/json.h"
#include "nodeagent/images/disk_image_store.h"
#include "nodeagent/images/manifest.h"
#include "test/nodeagent/images/fake_registry.h"
#include "test/nodeagent/images/tar_builder.h"
#include "test/support/temp_dir.h"

#include <catch2/catch.hpp>
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <future>
#include <optional>
#include <thread>

namespace skiff::nodeagent::testing {
namespace {

namespace fs = std::filesystem;

#if defined(__aarch64__)
const std::string kArchitecture = "arm64";
#else
const std::string kArchitecture = "amd64";
#endif

const std::vector<TarEntry> kPulledBase = {{"bin", "", 'd', 0755}, {"bin/run", "base", 'f', 0755}};
const std::vector<TarEntry> kPulledTop = {{"etc", "", 'd', 0755}, {"etc/top", "top"}};
const std::vector<TarEntry> kPulledOther = {{"etc", "", 'd', 0755}, {"etc/other", "other"}};

std::string digest_of(const std::string& bytes) { return "sha256:" + sha256_hex(bytes); }

// What a push left in the registry, by digest.
struct Pushed {
  std::string id;  // the configuration's digest
  std::string manifest;
  std::vector<std::string> layers;
};

// A registry with the repository "team/demo", and a store to pull into.
struct PullBench {
  skiff::test::TempDir directory;
  FakeRegistry registry;
  std::unique_ptr<DiskImageStore> store;

  PullBench() {
    auto opened = DiskImageStore::open(directory / "store");
    if (!opened) FAIL(opened.error().message);
    store = std::move(*opened);
  }

  [[nodiscard]] std::string name(const std::string& tag) const { return registry.address() + "/team/demo:" + tag; }
  static std::string manifest_target(const std::string& which) { return "/v2/team/demo/manifests/" + which; }
  static std::string blob_target(const std::string& digest) { return "/v2/team/demo/blobs/" + digest; }

  void put_manifest(const std::string& which, const Json& document, std::string_view type) {
    FakeRegistry::Answer answer;
    answer.body = document.dump();
    answer.headers = {{"Content-Type", std::string(type)}};
    registry.put(manifest_target(which), answer);
    registry.put(manifest_target(digest_of(answer.body)), answer);
  }

  Pushed push(const std::string& tag, const std::vector<std::vector<TarEntry>>& layers,
              const std::string& filter = "gzip", std::string_view type = kOciManifest) {
    Pushed pushed;
    std::vector<BuiltLayer> built;
    Json descriptors = Json::array();
    const auto put_blob = [&](const std::string& bytes) {
      registry.put(blob_target(digest_of(bytes)), {200, bytes, {}, "", 0});
      return Json{{"mediaType", "application/octet-stream"}, {"digest", digest_of(bytes)}, {"size", bytes.size()}};
    };
    for (const auto& layer : layers) {
      built.push_back(build_layer(layer, filter));
      descriptors.push_back(put_blob(built.back().bytes));
      pushed.layers.push_back(digest_of(built.back().bytes));
    }
    const std::string configuration = build_configuration(built);
    pushed.id = digest_of(configuration);
    const Json manifest = {{"schemaVersion", 2}, {"config", put_blob(configuration)}, {"layers", descriptors}};
    put_manifest(tag, manifest, type);
    pushed.manifest = digest_of(manifest.dump());
    return pushed;
  }

  // The index's digest. Of each pair: architecture and manifest.
  std::string push_index(const std::string& tag, const std::vector<std::pair<std::string, std::string>>& manifests,
                         std::string_view type, std::string_view manifest_type) {
    Json list = Json::array();
    for (const auto& [architecture, digest] : manifests) {
      list.push_back(Json{{"mediaType", manifest_type},
                          {"digest", digest},
                          {"size", 1},
                          {"platform", {{"os", "linux"}, {"architecture", architecture}}}});
    }
    const Json index = {{"schemaVersion", 2}, {"manifests", list}};
    put_manifest(tag, index, type);
    return digest_of(index.dump());
  }

  [[nodiscard]] std::ptrdiff_t requests_for(const std::string& target) const {
    const auto requests = registry.requests();
    return std::count_if(requests.begin(), requests.end(),
                         [&](const FakeRegistry::Request& request) { return request.target == target; });
  }

  // As a failed pull must leave the store.
  void check_empty() const {
    CHECK(store->list()->empty());
    CHECK(fs::is_empty(directory / "store/layers"));
    CHECK(fs::is_empty(directory / "store/work"));
  }
};

bool can_unpack() {
  if (geteuid() == 0) return true;
  WARN("skipped: unpacking layers needs root");
  return false;
}

}  // namespace

TEST_CASE("images are pulled by tag and by digest") {
  if (!can_unpack()) return;
  PullBench bench;
  const std::string filter = GENERATE(as<std::string>(), "", "gzip", "zstd");
  const std::string type = GENERATE(std::string(kOciManifest), std::string(kDockerManifest));
  CAPTURE(filter, type);
  const Pushed pushed = bench.push("latest", {kPulledBase, kPulledTop}, filter, type);
  const std::string repository = bench.registry.address() + "/team/demo";

  SECTION("by tag, which defaults to latest") {
    const auto image = bench.store->pull(repository, {}, {});
    if (!image) FAIL(image.error().message);
    CHECK(image->id == pushed.id);
    CHECK(image->repo_tags == std::vector<std::string>{repository + ":latest"});
    CHECK(image->repo_digests == std::vector<std::string>{repository + "@" + pushed.manifest});
    CHECK(image->config.command == std::vector<std::string>{"/bin/run"});
    CHECK(image->size_bytes == 7);
    REQUIRE(image->layer_directories.size() == 2);
    CHECK(file_text(image->layer_directories[0] + "/bin/run") == "base");
    CHECK(file_text(image->layer_directories[1] + "/etc/top") == "top");
    CHECK((*bench.store->find(repository))->id == pushed.id);
  }
  SECTION("by digest, which gives no tag") {
    const std::string by_digest = repository + "@" + pushed.manifest;
    const auto image = bench.store->pull(by_digest, {}, {});
    if (!image) FAIL(image.error().message);
    CHECK(image->id == pushed.id);
    CHECK(image->repo_tags.empty());
    CHECK((*bench.store->find(by_digest))->id == pushed.id);
    CHECK_FALSE(*bench.store->find(repository));
  }
  CHECK(fs::is_empty(bench.directory / "store/work"));
}

TEST_CASE("of an index this machine's image is pulled") {
  if (!can_unpack()) return;
  PullBench bench;
  const bool docker = GENERATE(false, true);
  const std::string_view manifest_type = docker ? kDockerManifest : kOciManifest;
  const Pushed other = bench.push("other", {kPulledOther}, "gzip", manifest_type);
  const Pushed own = bench.push("own", {kPulledBase}, "gzip", manifest_type);
  const std::string digest =
      bench.push_index("all", {{"s390x", other.manifest}, {kArchitecture, own.manifest}, {"riscv64", other.manifest}},
                       docker ? kDockerList : kOciIndex, manifest_type);

  const auto image = bench.store->pull(bench.name("all"), {}, {});
  if (!image) FAIL(image.error().message);
  CHECK(image->id == own.id);
  // The name of all platforms' images, as upstream.
  CHECK(image->repo_digests == std::vector<std::string>{bench.registry.address() + "/team/demo@" + digest});
  CHECK(bench.requests_for(PullBench::blob_target(other.layers[0])) == 0);
}

TEST_CASE("what is pulled for a user is pinned") {
  if (!can_unpack()) return;
  PullBench bench;
  bench.push("1", {kPulledBase});
  REQUIRE(bench.store->pull(bench.name("1"), {}, {}));
  CHECK_FALSE((*bench.store->find(bench.name("1")))->pinned);
  REQUIRE(bench.store->pull_pinned(bench.name("1")));
  CHECK((*bench.store->find(bench.name("1")))->pinned);
  REQUIRE(bench.store->pull(bench.name("1"), {}, {}));
  CHECK((*bench.store->find(bench.name("1")))->pinned);
}

TEST_CASE("a layer that is removed while another image with it is pulled is fetched again") {
  if (!can_unpack()) return;
  PullBench bench;
  bench.push("1", {kPulledBase});
  REQUIRE(bench.store->pull(bench.name("1"), {}, {}));
  const BuiltLayer top = build_layer(kPulledTop, "gzip");
  const Pushed second = bench.push("2", {kPulledBase, kPulledTop});
  // By then the pull has found the other layer at hand.
  FakeRegistry::Answer answer;
  answer.body = top.bytes;
  answer.before = [&] { static_cast<void>(bench.store->remove(bench.name("1"))); };
  bench.registry.put(PullBench::blob_target(second.layers[1]), answer);
  const auto image = bench.store->pull(bench.name("2"), {}, {});
  if (!image) FAIL(image.error().message);
  CHECK(file_text(image->layer_directories[0] + "/bin/run") == "base");
  CHECK(image->size_bytes == 7);
  CHECK(bench.requests_for(PullBench::blob_target(second.layers[0])) == 2);
  CHECK(fs::is_empty(bench.directory / "store/work"));
}

TEST_CASE("layers that are present are not fetched again") {
  if (!can_unpack()) return;
  PullBench bench;
  const Pushed first = bench.push("1", {kPulledBase, kPulledTop});
  const Pushed second = bench.push("2", {kPulledBase, kPulledOther});
  REQUIRE(bench.store->pull(bench.name("1"), {}, {}));
  REQUIRE(bench.store->pull(bench.name("2"), {}, {}));
  REQUIRE(bench.store->pull(bench.name("2"), {}, {}));
  CHECK(bench.requests_for(PullBench::blob_target(first.layers[0])) == 1);
  CHECK(bench.requests_for(PullBench::blob_target(first.layers[1])) == 1);
  CHECK(bench.requests_for(PullBench::blob_target(second.layers[1])) == 1);
  CHECK(bench.store->list()->size() == 2);

  SECTION("a tag that has moved is pulled again") {
    bench.push("1", {kPulledBase, kPulledTop, kPulledOther});
    const auto moved = bench.store->pull(bench.name("1"), {}, {});
    REQUIRE(moved);
    CHECK(moved->layer_directories.size() == 3);
    CHECK((*bench.store->find(bench.name("1")))->id == moved->id);
    CHECK((*bench.store->find(first.id))->repo_tags.empty());
    CHECK(bench.requests_for(PullBench::blob_target(first.layers[0])) == 1);
  }
}

TEST_CASE("registries that want to know who pulls") {
  if (!can_unpack()) return;
  PullBench bench;
  bench.push("1", {kPulledBase, kPulledTop});
  const RegistryCredentials ann{"ann", "s3cret:x"};
  const std::string basic = "Basic " + base64_encode("ann:s3cret:x");
  const std::string scope = "repository:team/demo:pull";
  const std::string challenge = fmt::format(R"(Bearer realm="http://{}/token",service="the registry",scope="{}")",
                                            bench.registry.address(), scope);
  const std::string token_target = "/token?service=the%20registry&scope=repository%3Ateam%2Fdemo%3Apull";

  struct Row {
    std::string name;
    std::string wanted;
    std::vector<std::string> challenges;
    RegistryCredentials credentials;
    std::string token_answer;
    std::string token_authorization;
    std::string failure;  // the end of the error; empty when the pull succeeds
  };
  const std::string denied =
      "pull access denied, repository does not exist or may require authorization: " + bench.registry.address() +
      "/team/demo";
  const std::vector<std::string> basic_challenge{R"(Basic realm="registry")"};
  // Made again for each row: the registry has another port each time.
  const std::vector<Row> rows{
      {"basic", basic, basic_challenge, ann, "", "", ""},
      {"basic, nobody known", basic, basic_challenge, {}, "", "", denied},
      {"basic, wrong password", basic, basic_challenge, {"ann", "guess"}, "", "", denied},
      {"anonymous token", "Bearer t1", {challenge}, {}, R"({"token":"t1"})", "", ""},
      {"token under its other name", "Bearer t1", {challenge}, {}, R"({"access_token":"t1"})", "", ""},
      {"token for a user", "Bearer t2", {challenge}, ann, R"({"token":"t2"})", basic, ""},
      {"token, wrong password",
       "Bearer t2",
       {challenge},
       {"ann", "guess"},
       R"({"token":"t2"})",
       basic,
       "failed to fetch token: unexpected status 401"},
      {"token that does not suffice", "Bearer t3", {challenge}, {}, R"({"token":"t1"})", "", denied},
      {"answer without a token", "Bearer t1", {challenge}, {}, "{}", "", "failed to fetch token: the answer has none"},
      {"token service that talks nonsense", "Bearer t1", {challenge}, {}, "<html>", "", "failed to fetch token: *"},
      {"challenge without realm",
       "Bearer t1",
       {"Bearer service=\"x\""},
       {},
       "",
       "",
       "the registry asks for a token but names no realm"},
      {"both ways, token first", "Bearer t1", {challenge, "Basic realm=\"x\""}, {}, R"({"token":"t1"})", "", ""},
      {"both ways, token last", "Bearer t1", {"Basic realm=\"x\"", challenge}, {}, R"({"token":"t1"})", "", ""},
  };
  const Row& row = rows[GENERATE_COPY(range(std::size_t{0}, rows.size()))];
  CAPTURE(row.name);
  bench.registry.require(row.wanted, row.challenges);
  bench.registry.put(token_target, {200, row.token_answer, {}, row.token_authorization, 0});

  const auto image = bench.store->pull(bench.name("1"), row.credentials, {});
  if (row.failure.empty()) {
    if (!image) FAIL(image.error().message);
    CHECK(bench.requests_for(token_target) == (row.token_answer.empty() ? 0 : 1));
    return;
  }
  REQUIRE_FALSE(image);
  CAPTURE(image.error().message);
  const bool any_end = row.failure.ends_with('*');
  CHECK((any_end ? image.error().message.find(row.failure.substr(0, row.failure.size() - 1)) != std::string::npos
                 : image.error().message.ends_with(": " + row.failure)));
  bench.check_empty();
}

TEST_CASE("who redirects a blob does not hand our password on") {
  if (!can_unpack()) return;
  PullBench bench;
  FakeRegistry storage;
  const Pushed pushed = bench.push("1", {kPulledBase});
  const std::string basic = "Basic " + base64_encode("ann:x");
  bench.registry.require(basic, {R"(Basic realm="registry")"});
  storage.put("/bucket/layer?signature=1", {200, build_layer(kPulledBase, "gzip").bytes, {}, "", 0});
  bench.registry.put(
      PullBench::blob_target(pushed.layers[0]),
      {307, "elsewhere", {{"Location", "http://" + storage.address() + "/bucket/layer?signature=1"}}, "", 0});

  const auto image = bench.store->pull(bench.name("1"), {"ann", "x"}, {});
  if (!image) FAIL(image.error().message);
  CHECK(file_text(image->layer_directories[0] + "/bin/run") == "base");
  const auto requests = storage.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].authorization.empty());
}

TEST_CASE("a pull that fails says why and leaves the store as it was") {
  if (!can_unpack()) return;
  PullBench bench;
  const Pushed pushed = bench.push("1", {kPulledBase, kPulledTop});
  std::string reference = bench.name("1");
  std::string why;
  std::optional<ErrorCode> code;
  const auto damage = [&](const std::string& digest) {
    bench.registry.put(PullBench::blob_target(digest), {200, "something else", {}, "", 0});
    why = digest + " was damaged on the way";
    code = ErrorCode::kInvalid;
  };

  SECTION("no such tag") {
    reference = bench.name("2");
    why = fmt::format("failed to resolve reference \"{0}\": {0}: not found", reference);
    code = ErrorCode::kNotFound;
  }
  SECTION("a manifest other than asked for") {
    const Pushed other = bench.push("2", {kPulledOther});
    bench.put_manifest(pushed.manifest, Json{{"schemaVersion", 2}}, kOciManifest);
    reference = bench.registry.address() + "/team/demo@" + pushed.manifest;
    why = fmt::format("failed to resolve reference \"{}\": the registry sent {} instead of {}", reference,
                      digest_of(R"({"schemaVersion":2})"), pushed.manifest);
    code = ErrorCode::kInvalid;
  }
  SECTION("not a manifest") {
    bench.put_manifest("1", Json::object(), kOciManifest);
    why = "not an image manifest";
    code = ErrorCode::kInvalid;
  }
  SECTION("an index without this platform") {
    bench.push_index("1", {{"s390x", pushed.manifest}}, kOciIndex, kOciManifest);
    why = "no match for platform in manifest: linux/" + kArchitecture;
    code = ErrorCode::kNotFound;
  }
  SECTION("a damaged configuration") { damage(pushed.id); }
  SECTION("a damaged layer, after a good one") { damage(pushed.layers[1]); }
  SECTION("a missing layer") {
    bench.registry.remove(PullBench::blob_target(pushed.layers[1]));
    why = bench.name("1") + ": not found";
    code = ErrorCode::kNotFound;
  }
  SECTION("a layer cut short") {
    const std::string bytes = build_layer(kPulledTop, "gzip").bytes;
    bench.registry.put(PullBench::blob_target(pushed.layers[1]), {200, bytes.substr(0, bytes.size() / 2), {}, "", 100});
    why = fmt::format("Get \"http://{}{}\": Transferred a partial file", bench.registry.address(),
                      PullBench::blob_target(pushed.layers[1]));
    code = ErrorCode::kUnavailable;
  }
  SECTION("a registry out of order") {
    bench.registry.put(PullBench::manifest_target("1"), {503, "later", {}, "", 0});
    why = fmt::format(
        "failed to resolve reference \"{}\": unexpected status from GET request to http://{}/v2/team/demo/manifests/1: "
        "503",
        reference, bench.registry.address());
    code = ErrorCode::kUnavailable;
  }
  SECTION("nobody listens") {
    std::string address;
    {
      const FakeRegistry gone;
      address = gone.address();
    }
    reference = address + "/team/demo:1";
    why = fmt::format(
        "failed to resolve reference \"{}\": Get \"http://{}/v2/team/demo/manifests/1\": Couldn't connect to server",
        reference, address);
    code = ErrorCode::kUnavailable;
  }

  const auto image = bench.store->pull(reference, {}, {});
  REQUIRE_FALSE(image);
  CHECK(image.error().message == fmt::format("failed to pull and unpack image \"{}\": {}", reference, why));
  CHECK(image.error().code == *code);
  bench.check_empty();
}

TEST_CASE("a registry on this machine is not asked for at a proxy") {
  if (!can_unpack()) return;
  PullBench bench;
  bench.push("1", {kPulledBase});
  FakeRegistry proxy;
  const std::string url = "http://" + proxy.address();
  for (const char* name : {"http_proxy", "https_proxy"}) ::setenv(name, url.c_str(), 1);
  const auto image = bench.store->pull(bench.name("1"), {}, {});
  for (const char* name : {"http_proxy", "https_proxy"}) ::unsetenv(name);
  if (!image) FAIL(image.error().message);
  CHECK(proxy.requests().empty());
}

TEST_CASE("a pull that is stopped ends, although the registry says nothing") {
  if (!can_unpack()) return;
  PullBench bench;
  const Pushed pushed = bench.push("1", {kPulledBase});
  FakeRegistry::Answer silent;
  silent.bytes_missing = 100;
  silent.stalls = true;
  bench.registry.put(PullBench::blob_target(pushed.layers[0]), silent);
  std::stop_source stop;
  auto pull = std::async(std::launch::async, [&] { return bench.store->pull(bench.name("1"), {}, stop.get_token()); });
  while (bench.registry.requests().empty() ||
         bench.registry.requests().back().target != PullBench::blob_target(pushed.layers[0])) {
    std::this_thread::yield();
  }
  stop.request_stop();
  const auto pulled = pull.get();
  REQUIRE_FALSE(pulled);
  CHECK(pulled.error().code == ErrorCode::kUnavailable);
  CHECK(pulled.error().message.ends_with("context canceled"));
  bench.check_empty();

  const std::size_t asked = bench.registry.requests().size();
  CHECK_FALSE(bench.store->pull(bench.name("1"), {}, stop.get_token()));
  CHECK(bench.registry.requests().size() == asked);
}

}  // namespace skiff::nodeagent::testing
