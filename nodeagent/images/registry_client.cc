#include "nodeagent/images/registry_client.h"

#include "api/base/ids.h"
#include "api/base/text.h"
#include "nodeagent/images/sha256.h"

#include <curl/curl.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <mutex>

namespace skiff::nodeagent {
namespace {

constexpr long kConnectSeconds = 15;
constexpr long kStalledSeconds = 60;  // without a byte
constexpr std::string_view kBearer = "Bearer ";

const std::vector<std::string> kManifestTypes{std::string(kOciIndex), std::string(kDockerList),
                                              std::string(kOciManifest), std::string(kDockerManifest)};

bool is_loopback(const std::string& registry) {
  const std::string host =
      registry.starts_with('[') ? registry.substr(0, registry.find(']') + 1) : registry.substr(0, registry.find(':'));
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

// Docker Hub answers the registry protocol under another name than images carry.
std::string endpoint_of(const std::string& registry) {
  return registry == "docker.io" ? "registry-1.docker.io" : registry;
}

// The parameters of `Bearer realm="...",service="...",scope="..."`.
std::map<std::string, std::string> parse_challenge(std::string_view text) {
  std::map<std::string, std::string> parameters;
  while (!text.empty()) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) break;
    auto name = text.substr(0, equals);
    name.remove_prefix(std::min(name.find_first_not_of(" ,"), name.size()));
    text.remove_prefix(equals + 1);
    std::string_view value;
    if (text.starts_with('"')) {
      const auto end = text.find('"', 1);
      value = text.substr(1, end == std::string_view::npos ? end : end - 1);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    } else {
      const auto end = text.find(',');
      value = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    }
    parameters.emplace(name, value);
  }
  return parameters;
}

std::string escape(CURL* curl, const std::string& text) {
  const std::unique_ptr<char, void (*)(void*)> escaped(
      curl_easy_escape(curl, text.c_str(), static_cast<int>(text.size())), &curl_free);
  return escaped.get();
}

}  // namespace

struct RegistryClient::Response {
  long status = 0;
  std::string content_type;
  std::string challenge;  // WWW-Authenticate
};

namespace {

// What curl's callbacks fill in.
struct Transfer {
  const std::function<bool(std::string_view)>* sink;
  const std::stop_token* stop;
  CURL* curl;
  std::string challenge;

  static std::size_t write(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    // Error bodies are not what was asked for.
    if (status != 200) return size;
    return (*transfer.sink)({data, size}) ? size : 0;
  }

  // curl asks at least once a second; anything but 0 ends the transfer.
  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(self)->stop->stop_requested() ? 1 : 0;
  }

  static std::size_t header(char* data, std::size_t, std::size_t size, void* self) {
    constexpr std::string_view kName = "www-authenticate:";
    std::string_view line(data, size);
    if (starts_with_ignoring_case(line, kName)) {
      line.remove_prefix(kName.size());
      while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0) line.remove_prefix(1);
      while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
      // Of several ways the token's: a registry that knows them serves those without credentials, too.
      std::string& challenge = static_cast<Transfer*>(self)->challenge;
      if (!starts_with_ignoring_case(challenge, kBearer)) challenge = line;
    }
    return size;
  }
};

}  // namespace

RegistryClient::RegistryClient(ImageReference reference, RegistryCredentials credentials, std::string directory,
                               std::stop_token stop)
    : reference_(std::move(reference)),
      credentials_(std::move(credentials)),
      directory_(std::move(directory)),
      stop_(std::move(stop)),
      curl_(nullptr, &curl_easy_cleanup) {
  static std::once_flag initialized;
  std::call_once(initialized, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  curl_.reset(curl_easy_init());
  const std::string endpoint = endpoint_of(reference_.registry);
  base_urls_.push_back("https://" + endpoint);
  if (is_loopback(reference_.registry)) base_urls_.push_back("http://" + endpoint);
}

RegistryClient::~RegistryClient() = default;

Result<RegistryClient::Response> RegistryClient::perform(const std::string& url, const std::vector<std::string>& accept,
                                                         bool authorize, const Sink& sink) {
  if (stop_.stop_requested()) return pull_canceled();
  CURL* curl = curl_.get();
  curl_easy_reset(curl);
  Transfer transfer{&sink, &stop_, curl, {}};
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "skiff");
  // A proxy reaches its own loopback, not ours.
  if (is_loopback(reference_.registry)) curl_easy_setopt(curl, CURLOPT_NOPROXY, "localhost,127.0.0.0/8,::1");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::write);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);

  curl_slist* lines = nullptr;
  for (const std::string& type : accept) lines = curl_slist_append(lines, ("Accept: " + type).c_str());
  // curl keeps a header of ours on redirects to the same host only, as it must: storage behind registries takes no
  // tokens.
  if (authorize && !authorization_.empty()) {
    lines = curl_slist_append(lines, ("Authorization: " + authorization_).c_str());
  }
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(lines, &curl_slist_free_all);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());

  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_ABORTED_BY_CALLBACK) return pull_canceled();
  if (code != CURLE_OK) {
    const ErrorCode kind = code == CURLE_OPERATION_TIMEDOUT ? ErrorCode::kDeadlineExceeded : ErrorCode::kUnavailable;
    return Error{kind, fmt::format("Get \"{}\": {}", url, curl_easy_strerror(code))};
  }
  Response response;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &response.status);
  const char* type = nullptr;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) response.content_type = std::string_view(type).substr(0, std::string_view(type).find(';'));
  response.challenge = std::move(transfer.challenge);
  return response;
}

Result<RegistryClient::Response> RegistryClient::get(const std::string& path, const std::vector<std::string>& accept,
                                                     const Sink& sink) {
  Result<Response> response = Error{};
  while (true) {
    response = perform(base_urls_.front() + path, accept, true, sink);
    if (response || base_urls_.size() == 1 || stop_.stop_requested()) break;
    base_urls_.erase(base_urls_.begin());
  }
  if (!response) return response;
  base_urls_.resize(1);
  if (response->status == 401) {
    if (auto authenticated = authenticate(response->challenge); !authenticated) return authenticated.error();
    response = perform(base_urls_.front() + path, accept, true, sink);
    if (!response) return response;
  }
  switch (response->status) {
    case 200:
      return response;
    case 401:
    case 403:
      return Error{ErrorCode::kPermissionDenied,
                   fmt::format("pull access denied, repository does not exist or may require authorization: {}/{}",
                               reference_.registry, reference_.repository)};
    case 404:
      return Error{ErrorCode::kNotFound, reference_.to_string() + ": not found"};
    default:
      return Error{ErrorCode::kUnavailable, fmt::format("unexpected status from GET request to {}{}: {}",
                                                        base_urls_.front(), path, response->status)};
  }
}

Result<void> RegistryClient::authenticate(const std::string& challenge) {
  const bool has_credentials = !credentials_.username.empty();
  const std::string basic = "Basic " + base64_encode(credentials_.username + ":" + credentials_.password);
  if (!starts_with_ignoring_case(challenge, kBearer)) {
    if (has_credentials) authorization_ = basic;
    return {};
  }
  const auto parameters = parse_challenge(std::string_view(challenge).substr(kBearer.size()));
  const auto realm = parameters.find("realm");
  if (realm == parameters.end()) return Error{ErrorCode::kInvalid, "the registry asks for a token but names no realm"};
  std::string url = realm->second;
  char separator = url.find('?') == std::string::npos ? '?' : '&';
  for (const char* name : {"service", "scope"}) {
    if (const auto value = parameters.find(name); value != parameters.end()) {
      url += fmt::format("{}{}={}", separator, name, escape(curl_.get(), value->second));
      separator = '&';
    }
  }
  std::string text;
  authorization_ = has_credentials ? basic : "";
  const auto answer = perform(url, {}, has_credentials, [&](std::string_view bytes) {
    text += bytes;
    return text.size() <= kMaxDocumentBytes;
  });
  authorization_.clear();
  if (!answer) return answer.error().wrap("failed to fetch token");
  if (answer->status != 200) {
    return Error{ErrorCode::kPermissionDenied,
                 fmt::format("failed to fetch token: unexpected status {}", answer->status)};
  }
  const auto parsed = parse_json(text);
  if (!parsed) return parsed.error().wrap("failed to fetch token");
  const std::string token = string_at(parsed->value, {"token"}, string_at(parsed->value, {"access_token"}));
  if (token.empty()) return Error{ErrorCode::kPermissionDenied, "failed to fetch token: the answer has none"};
  authorization_ = std::string(kBearer) + token;
  return {};
}

Result<RegistryClient::FetchedManifest> RegistryClient::resolve() {
  const std::string& which = reference_.digest.empty() ? reference_.tag : reference_.digest;
  std::string text;
  const auto response = get(fmt::format("/v2/{}/manifests/{}", reference_.repository, which), kManifestTypes,
                            [&](std::string_view bytes) {
                              text += bytes;
                              return text.size() <= kMaxDocumentBytes;
                            });
  if (!response) return response.error();
  FetchedManifest manifest;
  Sha256 hash;
  hash.update(text);
  manifest.descriptor.digest = hash.digest();
  manifest.descriptor.media_type = response->content_type;
  manifest.text = std::move(text);
  if (!reference_.digest.empty() && manifest.descriptor.digest != reference_.digest) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("the registry sent {} instead of {}", manifest.descriptor.digest, reference_.digest)};
  }
  return manifest;
}

Result<std::string> RegistryClient::document(const Descriptor& descriptor) {
  // Manifests of an index are not blobs to a registry.
  const bool manifest =
      std::find(kManifestTypes.begin(), kManifestTypes.end(), descriptor.media_type) != kManifestTypes.end();
  const std::string path =
      fmt::format("/v2/{}/{}/{}", reference_.repository, manifest ? "manifests" : "blobs", descriptor.digest);
  std::string text;
  const auto response = get(path, {descriptor.media_type}, [&](std::string_view bytes) {
    text += bytes;
    return text.size() <= kMaxDocumentBytes;
  });
  if (!response) return response.error();
  Sha256 hash;
  hash.update(text);
  if (hash.digest() != descriptor.digest) {
    return Error{ErrorCode::kInvalid, fmt::format("{} was damaged on the way", descriptor.digest)};
  }
  return text;
}

Result<std::string> RegistryClient::layer(const Descriptor& descriptor) {
  const std::string path = directory_ + "/" + descriptor.digest.substr(descriptor.digest.find(':') + 1);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  Sha256 hash;
  const auto response =
      get(fmt::format("/v2/{}/blobs/{}", reference_.repository, descriptor.digest), {}, [&](std::string_view bytes) {
        hash.update(bytes);
        return static_cast<bool>(file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())));
      });
  if (!response) return response.error();
  file.close();
  if (!file) return errno_error("write " + path);
  if (hash.digest() != descriptor.digest) {
    return Error{ErrorCode::kInvalid, fmt::format("{} was damaged on the way", descriptor.digest)};
  }
  return path;
}

}  // namespace skiff::nodeagent
