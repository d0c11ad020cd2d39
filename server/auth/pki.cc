#include "server/auth/pki.h"

#include "api/base/files.h"
#include "api/base/ids.h"
#include "api/base/log.h"

#include <algorithm>

namespace skiff::server {

namespace {

constexpr std::chrono::hours kDay{24};
constexpr std::chrono::hours kCaLifetime = 3650 * kDay;
// The longest that all clients take; Apple's refuse longer ones.
constexpr std::chrono::hours kLeafLifetime = 825 * kDay;
constexpr std::chrono::hours kRenewBefore = 30 * kDay;
constexpr std::size_t kTokenBytes = 32;

constexpr mode_t kPrivate = 0600;
constexpr mode_t kPublic = 0644;

const Subject kCaSubject{"skiff-ca", {}};
const Subject kServerSubject{"kube-apiserver", {}};
const Subject kAdminSubject{"kubernetes-admin", {"system:masters"}};

// The files of a PKI directory.
class Directory {
 public:
  explicit Directory(std::filesystem::path path) : path_(std::move(path)) {}

  // An empty text when the file does not exist.
  Result<std::string> read(const std::string& name) const {
    Result<std::string> text = read_file(path_ / name);
    if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
    return text;
  }
  Result<void> write(const std::string& name, const std::string& text, mode_t mode) const {
    return write_file_atomically(path_ / name, text, mode, Sync::kFile);
  }
  Result<KeyPair> read_pair(const std::string& name) const {
    auto certificate = read(name + ".crt");
    if (!certificate) return certificate.error();
    auto key = read(name + ".key");
    if (!key) return key.error();
    return KeyPair{std::move(*certificate), std::move(*key)};
  }
  // The key first: a crash in between leaves a pair that is recognized as unusable.
  Result<void> write_pair(const std::string& name, const KeyPair& pair) const {
    if (auto written = write(name + ".key", pair.key, kPrivate); !written) return written.error();
    return write(name + ".crt", pair.certificate, kPublic);
  }
  std::string name_of(const std::string& name) const { return (path_ / name).string(); }

 private:
  const std::filesystem::path path_;
};

Result<KeyPair> load_or_create_ca(const Directory& directory, TimePoint now) {
  auto ca = directory.read_pair("ca");
  if (!ca) return ca.error();
  // A key alone is what a crash during the first start leaves.
  if (ca->certificate.empty()) {
    auto made = make_ca(kCaSubject, now, kCaLifetime);
    if (!made) return made.error();
    if (auto written = directory.write_pair("ca", *made); !written) return written.error();
    return made;
  }
  if (!is_usable(*ca, *ca, {}, now)) {
    return Error{ErrorCode::kInvalid, directory.name_of("ca.crt") + " and ca.key: not a valid certificate and its key"};
  }
  return ca;
}

Result<KeyPair> load_or_issue(const Directory& directory, const std::string& name, const KeyPair& ca,
                              const Subject& subject, CertificateUse use, const std::vector<std::string>& names,
                              TimePoint now) {
  auto pair = directory.read_pair(name);
  if (!pair) return pair.error();
  if (is_usable(*pair, ca, names, now + kRenewBefore)) return pair;
  if (!pair->certificate.empty()) spdlog::info("renewing {}", directory.name_of(name + ".crt"));
  auto issued = issue_certificate(ca, subject, use, names, now, kLeafLifetime);
  if (!issued) return issued.error();
  if (auto written = directory.write_pair(name, *issued); !written) return written.error();
  return issued;
}

Result<void> load_or_create_service_account_key(const Directory& directory, Pki& pki) {
  auto private_key = directory.read("sa.key");
  if (!private_key) return private_key.error();
  if (private_key->empty()) {
    private_key = make_private_key();
    if (!private_key) return private_key.error();
    if (auto written = directory.write("sa.key", *private_key, kPrivate); !written) return written.error();
  }
  auto public_key = public_key_of(*private_key);
  if (!public_key) return public_key.error().wrap(directory.name_of("sa.key"));
  auto old_public_key = directory.read("sa.pub");
  if (!old_public_key) return old_public_key.error();
  if (*old_public_key != *public_key) {
    if (auto written = directory.write("sa.pub", *public_key, kPublic); !written) return written.error();
  }
  pki.service_account_private_key = std::move(*private_key);
  pki.service_account_public_key = std::move(*public_key);
  return {};
}

Result<std::string> load_or_create_token(const Directory& directory) {
  auto token = directory.read("admin.token");
  if (!token) return token.error();
  while (!token->empty() && token->back() == '\n') token->pop_back();
  if (!token->empty()) return token;
  std::string made = random_hex(kTokenBytes);
  if (auto written = directory.write("admin.token", made + "\n", kPrivate); !written) return written.error();
  return made;
}

Result<void> make_directory(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return errno_error("make directory " + path.string(), error.value());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  if (error) return errno_error("protect directory " + path.string(), error.value());
  return {};
}

}  // namespace

std::vector<std::string> server_names(const PkiOptions& options) {
  std::vector<std::string> names = {"kubernetes",
                                    "kubernetes.default",
                                    "kubernetes.default.svc",
                                    "kubernetes.default.svc.cluster.local",
                                    "localhost",
                                    "127.0.0.1",
                                    "::1",
                                    "10.96.0.1"};
  const auto add = [&](const std::string& name) {
    if (name.empty() || name == "0.0.0.0" || name == "::") return;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  add(options.host_name);
  add(options.listen_address);
  for (const std::string& name : options.extra_names) add(name);
  return names;
}

Result<Pki> create_pki(const PkiOptions& options, TimePoint now) {
  Pki pki;
  auto ca = make_ca(kCaSubject, now, kCaLifetime);
  if (!ca) return ca.error();
  auto server =
      issue_certificate(*ca, kServerSubject, CertificateUse::kServer, server_names(options), now, kLeafLifetime);
  if (!server) return server.error();
  auto admin = issue_certificate(*ca, kAdminSubject, CertificateUse::kClient, {}, now, kLeafLifetime);
  if (!admin) return admin.error();
  auto private_key = make_private_key();
  if (!private_key) return private_key.error();
  auto public_key = public_key_of(*private_key);
  if (!public_key) return public_key.error();
  return Pki{std::move(*ca),          std::move(*server),     std::move(*admin),
             std::move(*private_key), std::move(*public_key), random_hex(kTokenBytes)};
}

Result<Pki> load_or_create_pki(const std::filesystem::path& path, const PkiOptions& options, TimePoint now) {
  if (auto made = make_directory(path); !made) return made.error();
  const Directory directory(path);
  Pki pki;
  auto ca = load_or_create_ca(directory, now);
  if (!ca) return ca.error();
  pki.ca = std::move(*ca);
  auto server = load_or_issue(directory, "apiserver", pki.ca, kServerSubject, CertificateUse::kServer,
                              server_names(options), now);
  if (!server) return server.error();
  pki.apiserver = std::move(*server);
  auto admin = load_or_issue(directory, "admin", pki.ca, kAdminSubject, CertificateUse::kClient, {}, now);
  if (!admin) return admin.error();
  pki.admin = std::move(*admin);
  if (auto loaded = load_or_create_service_account_key(directory, pki); !loaded) return loaded.error();
  auto token = load_or_create_token(directory);
  if (!token) return token.error();
  pki.admin_token = std::move(*token);
  return pki;
}

}  // namespace skiff::server
