#include "nodeagent/probes/grpc_health.h"

namespace skiff::nodeagent {

namespace {

constexpr std::size_t kFrameHeader = 5;  // a flag (compressed), and the length
constexpr const char* kUnimplemented = "12";

// HealthCheckResponse.ServingStatus.
const char* status_name(std::uint64_t status) {
  switch (status) {
    case 0:
      return "UNKNOWN";
    case 1:
      return "SERVING";
    case 2:
      return "NOT_SERVING";
    case 3:
      return "SERVICE_UNKNOWN";
    default:
      return "";
  }
}

void append_varint(std::string& bytes, std::size_t value) {
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  bytes += static_cast<char>(value);
}

std::string header(const HttpAnswer& answer, const char* name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

CheckResult failed(std::string output) {
  CheckResult result;
  result.verdict = CheckResult::Verdict::kFailed;
  result.output = std::move(output);
  return result;
}

}  // namespace

HttpRequest make_health_request(const std::string& address, const std::string& service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, a string
    append_varint(message, service.size());
    message += service;
  }
  std::string body(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) body += static_cast<char>(message.size() >> shift & 255);
  HttpRequest request;
  request.url = "http://" + address + "/grpc.health.v1.Health/Check";
  request.headers = {"Content-Type: application/grpc", "TE: trailers", "User-Agent: kube-probe/1.32", "Accept:"};
  request.body = body + message;
  request.http2 = true;
  return request;
}

CheckResult read_health_answer(const HttpAnswer& answer) {
  const std::string code = header(answer, "grpc-status");
  const std::string message = header(answer, "grpc-message");
  if (code == kUnimplemented) {
    return failed("error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + message);
  }
  // libcurl 7.88 sometimes keeps trailers to itself that come together with the message; a message is only sent with
  // success, so it speaks for itself.
  const bool succeeded = code == "0" || code.empty();
  if (answer.status != 200 || !succeeded || answer.body.size() < kFrameHeader) {
    return failed("error: health rpc probe failed: rpc error: code = " + code + " desc = " + message);
  }
  // A status of 0 is left out by who writes it.
  std::uint64_t status = 0;
  if (answer.body.size() >= kFrameHeader + 2 && answer.body[kFrameHeader] == '\x08') {
    status = static_cast<unsigned char>(answer.body[kFrameHeader + 1]);
  }
  if (status != 1) return failed(std::string("service unhealthy (responded with \"") + status_name(status) + "\")");
  CheckResult result;
  result.output = "service healthy";
  return result;
}

}  // namespace skiff::nodeagent
