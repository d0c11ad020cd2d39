#include "nodeagent/probes/node_checks.h"

#include "api/base/text.h"
#include "nodeagent/pods/back_off.h"
#include "nodeagent/probes/grpc_health.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <cctype>

namespace skiff::nodeagent {

namespace {

using Verdict = CheckResult::Verdict;
using asio::ip::tcp;

constexpr std::size_t kMaxOutput = 10 * 1024;
constexpr int kMaxRedirects = 10;

CheckResult result_of(Verdict verdict, std::string output) {
  CheckResult result;
  result.verdict = verdict;
  result.output = std::move(output);
  return result;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::vector<std::string> curl_headers(const HttpCheck& check) {
  std::vector<std::string> lines{"Connection: close"};
  for (const auto& [name, value] : check.headers) {
    const std::string lower = lower_case(name);
    const bool leave_out = value.empty() && (lower == "user-agent" || lower == "accept" || lower == "host");
    if (!value.empty()) {
      lines.push_back(name + ": " + value);
    } else if (lower != "host") {
      lines.push_back(name + (leave_out ? ":" : ";"));
    }
  }
  return lines;
}

}  // namespace

// A connection that is being made.
class NodeChecks::Connection {
 public:
  Connection(asio::any_io_executor executor, std::chrono::seconds timeout)
      : socket(executor), resolver(executor), timer(executor, timeout) {}

  void abort() {
    boost::system::error_code ignored;
    resolver.cancel();
    socket.close(ignored);
    timer.cancel();
  }

  tcp::socket socket;
  tcp::resolver resolver;
  asio::steady_timer timer;
  bool timed_out = false;
};

NodeChecks::NodeChecks(Runtime& runtime, asio::any_io_executor executor)
    : runtime_(runtime), executor_(executor), transfers_(executor) {}
NodeChecks::~NodeChecks() = default;

Task<CheckResult> NodeChecks::run(Check check, std::chrono::seconds timeout) {
  if (stopped_) co_return result_of(Verdict::kUnknown, "the agent stops");
  if (auto* command = std::get_if<ExecCheck>(&check)) co_return co_await run_command(std::move(*command), timeout);
  if (auto* request = std::get_if<HttpCheck>(&check)) co_return co_await get(std::move(*request), timeout);
  if (auto* target = std::get_if<TcpCheck>(&check)) co_return co_await connect(std::move(*target), timeout);
  auto& question = std::get<GrpcCheck>(check);
  co_return co_await ask_health(std::move(question), timeout);
}

void NodeChecks::stop() {
  stopped_ = true;
  transfers_.cancel();
  for (Connection* connection : connections_) connection->abort();
}

Task<CheckResult> NodeChecks::run_command(ExecCheck check, std::chrono::seconds timeout) {
  const std::string command = join(check.command);
  auto ran = co_await runtime_.exec(std::move(check.container_id), std::move(check.command), timeout);
  if (!ran && ran.error().code == ErrorCode::kDeadlineExceeded) {
    co_return result_of(Verdict::kFailed, "command \"" + command + "\" timed out");
  }
  if (!ran) {
    co_return result_of(Verdict::kUnknown,
                        "rpc error: code = Unknown desc = failed to exec in container: " + ran.error().message);
  }
  if (ran->output.size() > kMaxOutput) ran->output.resize(kMaxOutput);
  CheckResult result = result_of(ran->exit_code == 0 ? Verdict::kPassed : Verdict::kFailed, std::move(ran->output));
  result.exit_code = ran->exit_code;
  co_return result;
}

// A redirection to the same host is followed; one that leads away passes, with a warning.
Task<CheckResult> NodeChecks::get(HttpCheck check, std::chrono::seconds timeout) {
  const std::string host = host_of_url(check.url);
  HttpRequest request;
  request.url = check.url;
  request.headers = curl_headers(check);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (int redirects = 0;; ++redirects) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    request.timeout = std::max(left, std::chrono::milliseconds(1));
    const auto answer = co_await transfers_.run(request);
    if (!answer) co_return result_of(Verdict::kFailed, answer.error().message);
    if (!answer->redirect.empty() && host_of_url(answer->redirect) == host) {
      if (redirects == kMaxRedirects) {
        co_return result_of(Verdict::kFailed, "Get \"" + answer->redirect + "\": stopped after 10 redirects");
      }
      request.url = answer->redirect;
      continue;
    }
    CheckResult result;
    result.http_status = answer->status;
    if (answer->status < 200 || answer->status >= 400) {
      result.verdict = Verdict::kFailed;
      result.output = "HTTP probe failed with statuscode: " + std::to_string(answer->status);
    } else if (answer->status >= 300) {
      result.verdict = Verdict::kWarned;
      result.output = "Probe terminated redirects, Response body: " + answer->body;
    } else {
      result.output = answer->body;
    }
    co_return result;
  }
}

Task<CheckResult> NodeChecks::connect(TcpCheck check, std::chrono::seconds timeout) {
  const std::string address = host_and_port(check.host, check.port);
  auto connection = std::make_shared<Connection>(executor_, timeout);
  connection->timer.async_wait([connection](const boost::system::error_code& error) {
    if (error) return;
    connection->timed_out = true;
    connection->abort();
  });
  connections_.insert(connection.get());
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  const std::string port = std::to_string(check.port);
  const auto endpoints = co_await connection->resolver.async_resolve(check.host, port, token);
  if (!error) co_await asio::async_connect(connection->socket, endpoints, token);
  connections_.erase(connection.get());
  connection->abort();
  if (connection->timed_out) co_return result_of(Verdict::kFailed, "dial tcp " + address + ": i/o timeout");
  if (!error) co_return CheckResult();
  std::string reason = error.message();
  if (!reason.empty()) reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
  co_return result_of(Verdict::kFailed, "dial tcp " + address + ": connect: " + reason);
}

Task<CheckResult> NodeChecks::ask_health(GrpcCheck check, std::chrono::seconds timeout) {
  const std::string address = host_and_port(check.host, check.port);
  HttpRequest request = make_health_request(address, check.service);
  request.timeout = timeout;
  const auto answer = co_await transfers_.run(std::move(request));
  if (answer) co_return read_health_answer(*answer);
  if (answer.error().code == ErrorCode::kDeadlineExceeded) {
    co_return result_of(Verdict::kFailed, "timeout: failed to connect service \"" + address + "\" within " +
                                              go_duration(timeout) + ": context deadline exceeded");
  }
  co_return result_of(Verdict::kFailed,
                      "error: failed to connect service at \"" + address + "\": " + answer.error().message);
}

}  // namespace skiff::nodeagent
