#include "server/auth/certificate.h"

#include "api/base/openssl.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace skiff::server {

namespace {

using openssl::CertificatePtr;
using openssl::KeyPtr;

// Certificates are valid from a little before they are made, for clients whose clock is behind.
constexpr std::chrono::minutes kClockSkew{5};

std::string to_pem(EVP_PKEY* private_key) {
  const openssl::BioPtr bio = openssl::writer();
  PEM_write_bio_PKCS8PrivateKey(bio.get(), private_key, nullptr, nullptr, 0, nullptr, nullptr);
  return openssl::written(bio.get());
}

std::string to_pem(X509* certificate) {
  const openssl::BioPtr bio = openssl::writer();
  PEM_write_bio_X509(bio.get(), certificate);
  return openssl::written(bio.get());
}

// The bytes of an IP address in network order; empty for a DNS name.
std::string address_bytes(const std::string& name) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, name.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 4);
  if (inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 16);
  return {};
}

bool set_serial_number(X509* certificate) {
  // 128 random bits; the first is cleared, since serial numbers are positive.
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] &= 0x7f;
  std::unique_ptr<BIGNUM, openssl::Freer<BN_free>> number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const Subject& subject) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto add = [&](int kind, const std::string& text) {
    return X509_NAME_add_entry_by_NID(name, kind, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()), -1, 0) == 1;
  };
  for (const std::string& organization : subject.organizations) {
    if (!add(NID_organizationName, organization)) return false;
  }
  return add(NID_commonName, subject.common_name);
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_alternative_names(X509* certificate, const std::vector<std::string>& names) {
  if (names.empty()) return true;
  const openssl::GeneralNamesPtr list(GENERAL_NAMES_new());
  for (const std::string& name : names) {
    const std::string address = address_bytes(name);
    const std::string& value = address.empty() ? name : address;
    ASN1_STRING* text = address.empty() ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    GENERAL_NAME* entry = GENERAL_NAME_new();
    ASN1_STRING_set(text, value.data(), static_cast<int>(value.size()));
    GENERAL_NAME_set0_value(entry, address.empty() ? GEN_DNS : GEN_IPADD, text);
    sk_GENERAL_NAME_push(list.get(), entry);
  }
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, list.get(), 0, 0) == 1;
}

// All that certificates have in common; not signed yet.
CertificatePtr make_certificate(const Subject& subject, EVP_PKEY* key, TimePoint now, std::chrono::hours lifetime) {
  CertificatePtr certificate(X509_new());
  if (certificate == nullptr) return nullptr;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now - kClockSkew);
  const bool made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 && set_serial_number(certificate.get()) &&
                    set_subject(certificate.get(), subject) &&
                    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds) != nullptr &&
                    ASN1_TIME_set(X509_getm_notAfter(certificate.get()),
                                  std::chrono::system_clock::to_time_t(now + lifetime)) != nullptr &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  return made ? std::move(certificate) : nullptr;
}

bool has_name(X509* certificate, const std::string& name) {
  if (!address_bytes(name).empty()) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.data(), name.size(), X509_CHECK_FLAG_NO_WILDCARDS, nullptr) == 1;
}

}  // namespace

Result<std::string> make_private_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return openssl::error("make a private key");
  return to_pem(key.get());
}

Result<std::string> public_key_of(const std::string& private_key) {
  const KeyPtr key = openssl::parse_private_key(private_key);
  if (key == nullptr) return openssl::error("private key");
  const openssl::BioPtr bio = openssl::writer();
  PEM_write_bio_PUBKEY(bio.get(), key.get());
  return openssl::written(bio.get());
}

Result<KeyPair> make_ca(const Subject& subject, TimePoint now, std::chrono::hours lifetime) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return openssl::error("make a CA's key");
  const CertificatePtr certificate = make_certificate(subject, key.get(), now, lifetime);
  X509* const ca = certificate.get();
  if (ca == nullptr || X509_set_issuer_name(ca, X509_get_subject_name(ca)) != 1 ||
      !add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE") ||
      !add_extension(ca, ca, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign") ||
      !add_extension(ca, ca, NID_subject_key_identifier, "hash") || X509_sign(ca, key.get(), EVP_sha256()) == 0) {
    return openssl::error("make a CA's certificate");
  }
  return KeyPair{to_pem(ca), to_pem(key.get())};
}

Result<KeyPair> issue_certificate(const KeyPair& ca, const Subject& subject, CertificateUse use,
                                  const std::vector<std::string>& alternative_names, TimePoint now,
                                  std::chrono::hours lifetime) {
  const CertificatePtr issuer = openssl::parse_certificate(ca.certificate);
  const KeyPtr issuer_key = openssl::parse_private_key(ca.key);
  if (issuer == nullptr || issuer_key == nullptr) return openssl::error("CA");
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return openssl::error("make a private key");

  const CertificatePtr certificate = make_certificate(subject, key.get(), now, lifetime);
  X509* const leaf = certificate.get();
  const char* extended_use = use == CertificateUse::kServer ? "serverAuth" : "clientAuth";
  if (leaf == nullptr || X509_set_issuer_name(leaf, X509_get_subject_name(issuer.get())) != 1 ||
      !add_extension(leaf, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(leaf, issuer.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment") ||
      !add_extension(leaf, issuer.get(), NID_ext_key_usage, extended_use) ||
      !add_extension(leaf, issuer.get(), NID_authority_key_identifier, "keyid:always") ||
      !add_alternative_names(leaf, alternative_names) || X509_sign(leaf, issuer_key.get(), EVP_sha256()) == 0) {
    return openssl::error("issue a certificate for " + subject.common_name);
  }
  return KeyPair{to_pem(leaf), to_pem(key.get())};
}

bool is_usable(const KeyPair& pair, const KeyPair& ca, const std::vector<std::string>& alternative_names,
               TimePoint until) {
  const CertificatePtr issuer = openssl::parse_certificate(ca.certificate);
  const CertificatePtr certificate = openssl::parse_certificate(pair.certificate);
  const KeyPtr key = openssl::parse_private_key(pair.key);
  std::time_t deadline = std::chrono::system_clock::to_time_t(until);
  const bool usable = issuer != nullptr && certificate != nullptr && key != nullptr &&
                      X509_verify(certificate.get(), X509_get0_pubkey(issuer.get())) == 1 &&
                      X509_check_private_key(certificate.get(), key.get()) == 1 &&
                      X509_cmp_time(X509_get0_notAfter(certificate.get()), &deadline) > 0 &&
                      std::all_of(alternative_names.begin(), alternative_names.end(),
                                  [&](const std::string& name) { return has_name(certificate.get(), name); });
  ERR_clear_error();
  return usable;
}

}  // namespace skiff::server
