#include "nodeagent/probes/http_transfers.h"

#include "api/base/check.h"
#include "api/base/text.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <mutex>
#include <set>

namespace skiff::nodeagent {

namespace {

struct CurlListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

struct RunningTransfer {
  explicit RunningTransfer(asio::any_io_executor executor) : ended(std::move(executor)) {}

  std::unique_ptr<CURL, CurlDeleter> handle{curl_easy_init()};
  std::unique_ptr<curl_slist, CurlListDeleter> headers;
  std::size_t max_body = 0;
  HttpAnswer answer;
  std::optional<CURLcode> result;
  bool cut = false;  // the body is longer than anybody wants to know
  Signal ended;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<RunningTransfer*>(context);
  const std::size_t room = transfer.max_body - transfer.answer.body.size();
  transfer.answer.body.append(data, std::min(size, room));
  transfer.cut = size > room;
  return transfer.cut ? 0 : size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& headers = static_cast<RunningTransfer*>(context)->answer.headers;
  std::string line(data, size);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  const auto colon = line.find(':');
  if (colon == std::string::npos) return size;
  const std::string name = lower_case(line.substr(0, colon));
  const auto value = line.find_first_not_of(' ', colon + 1);
  headers[name] = value == std::string::npos ? "" : line.substr(value);
  return size;
}

void prepare(RunningTransfer& transfer, const HttpRequest& request) {
  CURL* curl = transfer.handle.get();
  transfer.max_body = request.max_body;
  for (const std::string& header : request.headers) {
    curl_slist* list = curl_slist_append(transfer.headers.get(), header.c_str());
    static_cast<void>(transfer.headers.release());
    transfer.headers.reset(list);
  }
  long version = CURL_HTTP_VERSION_1_1;
  if (request.http2) version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, version);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, request.verify_server ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, request.verify_server ? 2L : 0L);
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_PRIVATE, &transfer);
  if (request.body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body->size()));
    curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, request.body->c_str());
  }
}

// "connection refused": as Go prints the error of a system call.
std::string system_error_text(int error_number) {
  std::string text = std::strerror(error_number);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string address_in(const std::string& url) {
  const std::string rest = url.substr(url.find("//") + 2);
  return rest.substr(0, rest.find('/'));
}

Error transfer_error(const RunningTransfer& transfer, const HttpRequest& request) {
  long error_number = 0;
  curl_easy_getinfo(transfer.handle.get(), CURLINFO_OS_ERRNO, &error_number);
  const std::string what = std::string(request.body ? "Post" : "Get") + " \"" + request.url + "\": ";
  const std::string reason = error_number != 0 ? system_error_text(static_cast<int>(error_number)) : "";
  switch (*transfer.result) {
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorCode::kDeadlineExceeded,
              what + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"};
    case CURLE_COULDNT_CONNECT:
      return {ErrorCode::kUnavailable, what + "dial tcp " + address_in(request.url) + ": connect: " + reason};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorCode::kUnavailable, what + "dial tcp: lookup " + host_of_url(request.url) + ": no such host"};
    case CURLE_GOT_NOTHING:
      return {ErrorCode::kUnavailable, what + "EOF"};
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return {ErrorCode::kUnavailable, what + "read tcp " + address_in(request.url) + ": read: " + reason};
    default:
      return {ErrorCode::kUnavailable, what + curl_easy_strerror(*transfer.result)};
  }
}

}  // namespace

std::string host_of_url(const std::string& url) {
  const std::unique_ptr<CURLU, CurlUrlDeleter> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  char* part = nullptr;
  if (curl_url_get(parsed.get(), CURLUPART_HOST, &part, 0) != CURLUE_OK) return "";
  const std::unique_ptr<char, void (*)(void*)> host(part, &curl_free);
  return host.get();
}

// libcurl says which sockets it wants to hear of, and when it wants to be called at the latest; this waits for both.
class HttpTransfers::Loop {
 public:
  explicit Loop(asio::any_io_executor executor) : executor_(executor), timer_(executor) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  }

  ~Loop() {
    CHECK_INVARIANT(transfers_.empty());
    *alive_ = false;
    curl_multi_cleanup(multi_);
  }

  Task<Result<HttpAnswer>> run(HttpRequest request) {
    RunningTransfer transfer(executor_);
    prepare(transfer, request);
    transfers_.insert(&transfer);
    curl_multi_add_handle(multi_, transfer.handle.get());
    while (!transfer.result) co_await transfer.ended.wait();
    curl_multi_remove_handle(multi_, transfer.handle.get());
    transfers_.erase(&transfer);
    if (*transfer.result != CURLE_OK && !transfer.cut) co_return transfer_error(transfer, request);
    long status = 0;
    curl_easy_getinfo(transfer.handle.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.answer.status = static_cast<int>(status);
    char* redirect = nullptr;
    curl_easy_getinfo(transfer.handle.get(), CURLINFO_REDIRECT_URL, &redirect);
    if (redirect != nullptr) transfer.answer.redirect = redirect;
    co_return std::move(transfer.answer);
  }

  void cancel() {
    for (RunningTransfer* transfer : transfers_) end(*transfer, CURLE_ABORTED_BY_CALLBACK);
  }

 private:
  struct Socket {
    explicit Socket(asio::any_io_executor executor, int fd) : descriptor(std::move(executor), fd) {}
    ~Socket() { descriptor.release(); }  // libcurl closes it
    asio::posix::stream_descriptor descriptor;
    int interest = CURL_POLL_NONE;
    bool reading = false;
    bool writing = false;
  };

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
    auto& sockets = static_cast<Loop*>(self)->sockets_;
    if (what == CURL_POLL_REMOVE) {
      sockets.erase(fd);
      return 0;
    }
    std::shared_ptr<Socket>& socket = sockets[fd];
    if (!socket) socket = std::make_shared<Socket>(static_cast<Loop*>(self)->executor_, fd);
    socket->interest = what;
    static_cast<Loop*>(self)->listen(fd, socket);
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto* loop = static_cast<Loop*>(self);
    loop->timer_.cancel();
    if (milliseconds < 0) return 0;
    loop->timer_.expires_after(std::chrono::milliseconds(milliseconds));
    loop->timer_.async_wait([loop, alive = loop->alive_](const boost::system::error_code& error) {
      if (!error && *alive) loop->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  void listen(curl_socket_t fd, const std::shared_ptr<Socket>& socket) {
    using Descriptor = asio::posix::stream_descriptor;
    const auto wait = [&](Descriptor::wait_type type, bool Socket::*waiting, int poll, int event) {
      if ((socket->interest & poll) == 0 || (*socket).*waiting) return;
      (*socket).*waiting = true;
      auto ready = [this, fd, waiting, event, alive = alive_,
                    weak = std::weak_ptr<Socket>(socket)](const boost::system::error_code& error) {
        const auto known = weak.lock();
        if (!known || !*alive) return;
        (*known).*waiting = false;
        if (error) return;
        act(fd, event);
        // libcurl may have taken its interest back meanwhile, or closed the socket and opened another one.
        const auto still = sockets_.find(fd);
        if (still != sockets_.end() && still->second == known) listen(fd, known);
      };
      socket->descriptor.async_wait(type, std::move(ready));
    };
    wait(Descriptor::wait_read, &Socket::reading, CURL_POLL_IN, CURL_CSELECT_IN);
    wait(Descriptor::wait_write, &Socket::writing, CURL_POLL_OUT, CURL_CSELECT_OUT);
  }

  void act(curl_socket_t fd, int event) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, event, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      end(*reinterpret_cast<RunningTransfer*>(transfer), message->data.result);
    }
  }

  static void end(RunningTransfer& transfer, CURLcode result) {
    if (!transfer.result) transfer.result = result;
    transfer.ended.notify();
  }

  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  CURLM* multi_ = nullptr;
  std::map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  std::set<RunningTransfer*> transfers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

HttpTransfers::HttpTransfers(asio::any_io_executor executor) : executor_(std::move(executor)) {}
HttpTransfers::~HttpTransfers() = default;

Task<Result<HttpAnswer>> HttpTransfers::run(HttpRequest request) {
  if (!loop_) loop_ = std::make_unique<Loop>(executor_);
  return loop_->run(std::move(request));
}

void HttpTransfers::cancel() {
  if (loop_) loop_->cancel();
}

}  // namespace skiff::nodeagent
