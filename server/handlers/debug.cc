#include "server/handlers/debug.h"

#include "server/auth/authorizer.h"
#include "server/handlers/backup.h"
#include "server/handlers/cpu_profile.h"
#include "server/handlers/responses.h"

#include <boost/asio/this_coro.hpp>
#include <malloc.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>

// jemalloc's, where the program is linked with it: not under the sanitizers, and not in unit tests.
extern "C" void malloc_stats_print(void (*write)(void* text, const char* piece), void* text, const char* options)
    __attribute__((weak));

namespace skiff::server {

namespace {

constexpr std::string_view kDebugPaths = "/debug/";
constexpr std::string_view kMallocPath = "/debug/malloc";
constexpr std::string_view kProfilePath = "/debug/pprof/profile";

constexpr std::chrono::seconds kDefaultProfileTime{30};  // as Go's
constexpr std::chrono::seconds kMaxProfileTime{600};

api::Status only_for_administrators(const Request& request) {
  AuthorizationAttributes attributes;
  attributes.user = request.user;
  attributes.verb = "get";
  attributes.path = request.path;
  attributes.is_resource = false;
  return forbidden_status(attributes, "only members of system:masters may look inside");
}

// How long to profile; nothing when the client does not say it well.
std::optional<std::chrono::seconds> profile_time(const Request& request) {
  const std::string text = request.query_value("seconds").value_or("");
  if (text.empty()) return kDefaultProfileTime;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_good = error == std::errc() && end == text.data() + text.size() && seconds > 0 &&
                       std::chrono::seconds(seconds) <= kMaxProfileTime;
  if (!is_good) return std::nullopt;
  return std::chrono::seconds(seconds);
}

// Waits until the time is over, and is the profile. One whose client goes ends with it.
class ProfileBody final : public BodyStream {
 public:
  ProfileBody(asio::any_io_executor executor, std::unique_ptr<CpuProfile> profile, std::chrono::seconds time)
      : over_(std::move(executor)), profile_(std::move(profile)), deadline_(std::chrono::steady_clock::now() + time) {}

  Task<std::vector<Slice>> next() override {
    std::vector<Slice> pieces;
    if (profile_) co_await over_.wait_until(deadline_);
    if (profile_) pieces.push_back(Slice::of(profile_->finish()));
    profile_.reset();
    co_return pieces;
  }

  void cancel() override {
    profile_.reset();
    over_.notify();
  }

 private:
  Signal over_;  // notified: before its time
  std::unique_ptr<CpuProfile> profile_;
  const std::chrono::steady_clock::time_point deadline_;
};

Response profile_response(const Request& request, const asio::any_io_executor& executor) {
  const auto time = profile_time(request);
  if (!time) return error_response(api::bad_request("seconds must be a number from 1 to 600"), request);
  auto profile = CpuProfile::start();
  if (!profile) return error_response(profile.error(), request);
  Response response;
  response.headers.set("Content-Type", "application/octet-stream");
  response.headers.set("Content-Disposition", "attachment; filename=\"profile\"");
  response.stream = std::make_unique<ProfileBody>(executor, std::move(*profile), *time);
  return response;
}

Response jemalloc_response() {
  std::string text;
  const auto append = [](void* whole, const char* piece) { static_cast<std::string*>(whole)->append(piece); };
  malloc_stats_print(append, &text, "Ja");  // as JSON, of all arenas together
  Response response = text_response(200, std::move(text));
  response.headers.set("Content-Type", "application/json");
  return response;
}

Response malloc_response() {
  if (malloc_stats_print != nullptr) return jemalloc_response();
  char* text = nullptr;
  std::size_t size = 0;
  FILE* file = ::open_memstream(&text, &size);
  if (file == nullptr) return text_response(500, "no memory\n");
  ::malloc_info(0, file);
  std::fclose(file);
  const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
  Response response = text_response(200, std::string(text, size));
  response.headers.set("Content-Type", "application/xml");
  return response;
}

Response backup_response(const store::Store& store) {
  Response response;
  response.headers.set("Content-Type", "application/x-ndjson");
  response.stream = make_backup_body(store.snapshot());
  return response;
}

}  // namespace

Response DebugHandler::respond(const Request& request, const asio::any_io_executor& executor) const {
  if (!request.user.in_group("system:masters")) return error_response(only_for_administrators(request), request);
  const bool is_ours = request.path == kBackupPath || request.path == kMallocPath || request.path == kProfilePath;
  if (!is_ours) return text_response(404, "404 page not found\n");
  if (request.method != "GET") return method_refused(request, "GET");
  if (request.path == kBackupPath) return backup_response(store_);
  return request.path == kMallocPath ? malloc_response() : profile_response(request, executor);
}

Task<Response> DebugHandler::handle(Request request) {
  if (!request.path.starts_with(kDebugPaths)) co_return co_await next_.handle(std::move(request));
  const auto executor = co_await asio::this_coro::executor;
  Response response = respond(request, executor);
  response.headers.set("Cache-Control", "no-cache, private");
  co_return response;
}

}  // namespace skiff::server
