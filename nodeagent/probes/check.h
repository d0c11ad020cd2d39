#pragma once

#include "api/base/json.h"
#include "api/base/result.h"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// What a probe or a life cycle hook does once, with ports and addresses resolved.
namespace skiff::nodeagent {

struct ExecCheck {
  std::string container_id;
  std::vector<std::string> command;
};
struct HttpCheck {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;  // an empty User-Agent or Accept means: none
};
struct TcpCheck {
  std::string host;
  std::uint16_t port = 0;
};
// grpc.health.v1.Health/Check without TLS.
struct GrpcCheck {
  std::string host;
  std::uint16_t port = 0;
  std::string service;
};
using Check = std::variant<ExecCheck, HttpCheck, TcpCheck, GrpcCheck>;

struct CheckResult {
  enum class Verdict {
    kPassed,
    kWarned,   // passed, but `output` is worth an event
    kFailed,   // `output` says why, in upstream's words
    kUnknown,  // the check itself did not work: counts as nothing
  };
  Verdict verdict = Verdict::kPassed;
  std::string output;
  int exit_code = 0;    // of an ExecCheck that ran
  int http_status = 0;  // of an HttpCheck that was answered
};

// Whom a handler is about.
struct CheckTarget {
  const Json& container;  // for names of ports
  std::string container_id;
  std::string pod_ip;
};

// The check that a probe or a hook ("exec", "httpGet", "tcpSocket" or "grpc") asks for. `agent` is the User-Agent
// unless the handler has one: "kube-probe/1.32". Pure. kInvalid: a port's name is not among the container's, or the
// handler is of no kind that is known.
[[nodiscard]] Result<Check> make_check(const Json& handler, const CheckTarget& target, const std::string& agent);

}  // namespace skiff::nodeagent
