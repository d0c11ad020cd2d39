#pragma once

#include "api/base/result.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// OpenSSL's objects with owners, for the .cc files that use OpenSSL.
namespace skiff::openssl {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

using BioPtr = std::unique_ptr<BIO, Freer<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using EcdsaSignaturePtr = std::unique_ptr<ECDSA_SIG, Freer<ECDSA_SIG_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;

// Reads from `text`, which must outlive it.
[[nodiscard]] BioPtr reader(std::string_view text);
[[nodiscard]] BioPtr writer();
// What was written to a writer().
[[nodiscard]] std::string written(BIO* bio);

// The first certificate or key of a PEM text; null when there is none.
[[nodiscard]] CertificatePtr parse_certificate(std::string_view pem);
// All certificates of a PEM text.
[[nodiscard]] std::vector<CertificatePtr> parse_certificates(std::string_view pem);
[[nodiscard]] KeyPtr parse_private_key(std::string_view pem);
[[nodiscard]] KeyPtr parse_public_key(std::string_view pem);

// SHA-256 of the whole certificate, in hexadecimal.
[[nodiscard]] std::string fingerprint(const X509* certificate);

// kInvalid with "context: " and OpenSSL's reason; empties this thread's queue of OpenSSL errors.
[[nodiscard]] Error error(std::string_view context);

}  // namespace skiff::openssl
