#include "nodeagent/static_pods/manifest_url.h"

#include "nodeagent/static_pods/manifest_files.h"

namespace skiff::nodeagent {

namespace {

constexpr std::chrono::seconds kFetchTimeout{10};
constexpr int kMaxRedirections = 10;
constexpr int kStatusOk = 200;

Error cannot_fetch(const std::string& url, const std::string& why) {
  return {ErrorCode::kUnavailable, url + ": " + why};
}

}  // namespace

ManifestUrl::ManifestUrl(asio::any_io_executor executor, std::string url, std::vector<std::string> headers)
    : transfers_(std::move(executor)), url_(std::move(url)), headers_(std::move(headers)) {}

Task<Result<std::string>> ManifestUrl::fetch() {
  HttpRequest request;
  request.url = url_;
  request.headers = headers_;
  request.timeout = kFetchTimeout;
  request.verify_server = true;
  // One more than allowed, so that a longer text is not mistaken for one that just fits.
  request.max_body = kMaxManifest + 1;
  for (int redirections = 0;; ++redirections) {
    auto answer = co_await transfers_.run(request);
    if (!answer) co_return answer.error();
    if (!answer->redirect.empty()) {
      if (redirections == kMaxRedirections) co_return cannot_fetch(url_, "stopped after 10 redirects");
      // Headers may hold credentials, which are meant for the host that was named.
      if (host_of_url(answer->redirect) != host_of_url(request.url)) request.headers.clear();
      request.url = answer->redirect;
      continue;
    }
    if (answer->status != kStatusOk) co_return cannot_fetch(url_, std::to_string(answer->status));
    if (answer->body.size() > kMaxManifest) co_return cannot_fetch(url_, "longer than 10 MiB");
    co_return std::move(answer->body);
  }
}

}  // namespace skiff::nodeagent
