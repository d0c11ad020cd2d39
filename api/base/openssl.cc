#include "api/base/openssl.h"

#include "api/base/ids.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace skiff::openssl {

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

BioPtr writer() { return BioPtr(BIO_new(BIO_s_mem())); }

std::string written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

CertificatePtr parse_certificate(std::string_view pem) {
  return CertificatePtr(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
}

std::vector<CertificatePtr> parse_certificates(std::string_view pem) {
  const BioPtr text = reader(pem);
  std::vector<CertificatePtr> certificates;
  while (X509* certificate = PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  if (!certificates.empty()) ERR_clear_error();  // the end of the text counts as an error
  return certificates;
}

KeyPtr parse_private_key(std::string_view pem) {
  // An empty passphrase instead of a prompt on the terminal for a key that wants one.
  char no_passphrase[] = "";
  return KeyPtr(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, nullptr, no_passphrase));
}

KeyPtr parse_public_key(std::string_view pem) {
  return KeyPtr(PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, nullptr, nullptr));
}

std::string fingerprint(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return "";
  std::string text = sha256_hex(std::string_view(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)));
  OPENSSL_free(der);
  return text;
}

Error error(std::string_view context) {
  const unsigned long code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return Error{ErrorCode::kInvalid, std::string(context) + ": " + (reason != nullptr ? reason : "unusable")};
}

}  // namespace skiff::openssl
