#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace skiff::nodeagent {

// The annotation of a Node by which the server knows whom it talks to: the SHA-256 of the certificate that the agent
// shows, in hexadecimal. (Upstream's kubelets have certificates that the cluster's authority signed, or unknown ones.)
inline constexpr const char* kCertificateAnnotation = "skiff.dev/kubelet-certificate-sha256";

// How a node shows that it is there, and where it is asked for logs.
struct NodePresence {
  // The time after which the node's Lease means nothing any more; it is renewed four times as often. Zero: no Lease and
  // no look at the Node, for a node in the server's own process, which lives and dies with it.
  std::chrono::milliseconds lease_duration{0};
  // A Lease that says who holds it and never ends, for such a node: made once, so that those who ask for it find one.
  bool standing_lease = false;
  std::uint16_t kubelet_port = 10250;
  std::string certificate_fingerprint;  // of what answers there; "" = nothing does
};

}  // namespace skiff::nodeagent
