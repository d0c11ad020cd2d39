#pragma once

#include "api/base/clock.h"
#include "api/base/result.h"

#include <chrono>
#include <string>
#include <vector>

namespace skiff::server {

// A certificate and its private key, as PEM text.
struct KeyPair {
  std::string certificate;
  std::string key;
};

struct Subject {
  std::string common_name;
  std::vector<std::string> organizations;
};

enum class CertificateUse { kServer, kClient };

// All keys are ECDSA P-256: made in well under a millisecond, where RSA takes a hundred. The functions fail only when
// OpenSSL does (kInvalid), or when a PEM text that was read from a file is not one.

// A PKCS#8 private key.
[[nodiscard]] Result<std::string> make_private_key();
[[nodiscard]] Result<std::string> public_key_of(const std::string& private_key);

// A self-signed certificate authority.
[[nodiscard]] Result<KeyPair> make_ca(const Subject& subject, TimePoint now, std::chrono::hours lifetime);

// A certificate that `ca` signed. `alternative_names`: DNS names and IP addresses.
[[nodiscard]] Result<KeyPair> issue_certificate(const KeyPair& ca, const Subject& subject, CertificateUse use,
                                                const std::vector<std::string>& alternative_names, TimePoint now,
                                                std::chrono::hours lifetime);

// Whether a pair can go on being used: signed by `ca`, key and certificate belong together, all names in it, and valid
// at `until`. False for what is no certificate at all.
[[nodiscard]] bool is_usable(const KeyPair& pair, const KeyPair& ca, const std::vector<std::string>& alternative_names,
                             TimePoint until);

}  // namespace skiff::server
