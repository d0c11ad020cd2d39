#include "server/auth/jwt.h"

#include "server/auth/base64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>

#include <algorithm>

namespace skiff::server {

namespace {

constexpr int kCoordinateBytes = 32;  // of P-256
// Longer ones are not looked at; upstream's are near 1 KiB.
constexpr std::size_t kMaxTokenBytes = 16 * 1024;

const unsigned char* unsigned_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Upstream's key id: the SHA-256 of the public key's DER form.
std::string key_id(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  if (length < 0) return {};
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int digest_length = 0;
  EVP_Digest(der, static_cast<std::size_t>(length), digest, &digest_length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return base64url_encode(std::string_view(reinterpret_cast<const char*>(digest), digest_length));
}

// One of a public key's numbers as JSON Web Keys have them: big-endian, of at least `min_bytes`.
std::string key_number(EVP_PKEY* key, const char* name, int min_bytes) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return {};
  std::string bytes(static_cast<std::size_t>(std::max(min_bytes, BN_num_bytes(number))), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return base64url_encode(bytes);
}

// A JWT holds an ECDSA signature as two numbers of fixed length, OpenSSL makes and takes DER.
std::optional<std::string> fixed_from_der(std::string_view der) {
  const unsigned char* position = unsigned_bytes(der);
  const openssl::EcdsaSignaturePtr signature(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
  if (signature == nullptr) return std::nullopt;
  std::string fixed(2 * kCoordinateBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(fixed.data());
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes, kCoordinateBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), bytes + kCoordinateBytes, kCoordinateBytes) < 0) {
    return std::nullopt;
  }
  return fixed;
}

std::optional<std::string> der_from_fixed(std::string_view fixed) {
  if (fixed.size() != 2 * kCoordinateBytes) return std::nullopt;
  const openssl::EcdsaSignaturePtr signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(unsigned_bytes(fixed), kCoordinateBytes, nullptr);
  BIGNUM* s = BN_bin2bn(unsigned_bytes(fixed) + kCoordinateBytes, kCoordinateBytes, nullptr);
  ECDSA_SIG_set0(signature.get(), r, s);
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(signature.get(), &der);
  if (length < 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

std::optional<std::string> sign(std::string_view text, EVP_PKEY* key) {
  const openssl::DigestContextPtr context(EVP_MD_CTX_new());
  std::size_t length = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, unsigned_bytes(text), text.size()) != 1) {
    return std::nullopt;
  }
  std::string signature(length, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, unsigned_bytes(text),
                     text.size()) != 1) {
    return std::nullopt;
  }
  signature.resize(length);
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) return fixed_from_der(signature);
  return signature;
}

bool is_signature(std::string_view text, std::string_view signature, EVP_PKEY* key) {
  std::optional<std::string> native(signature);
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) native = der_from_fixed(signature);
  if (!native) return false;
  const openssl::DigestContextPtr context(EVP_MD_CTX_new());
  const bool right =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), unsigned_bytes(*native), native->size(), unsigned_bytes(text), text.size()) == 1;
  ERR_clear_error();
  return right;
}

std::optional<Json> decode_part(std::string_view part) {
  const auto text = base64url_decode(part);
  if (!text) return std::nullopt;
  auto parsed = parse_json(*text);
  if (!parsed || !parsed->value.is_object()) return std::nullopt;
  return std::move(parsed->value);
}

}  // namespace

std::string jwt_algorithm(EVP_PKEY* key) {
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_RSA) return "RS256";
  if (kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 8 * kCoordinateBytes) return "ES256";
  return {};
}

Json public_jwk(EVP_PKEY* key) {
  const std::string algorithm = jwt_algorithm(key);
  if (algorithm.empty()) return nullptr;
  Json jwk = {{"use", "sig"}, {"kid", key_id(key)}, {"alg", algorithm}};
  if (algorithm == "RS256") {
    jwk["kty"] = "RSA";
    jwk["n"] = key_number(key, OSSL_PKEY_PARAM_RSA_N, 0);
    jwk["e"] = key_number(key, OSSL_PKEY_PARAM_RSA_E, 0);
  } else {
    jwk["kty"] = "EC";
    jwk["crv"] = "P-256";
    jwk["x"] = key_number(key, OSSL_PKEY_PARAM_EC_PUB_X, kCoordinateBytes);
    jwk["y"] = key_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinateBytes);
  }
  return jwk;
}

Result<std::string> sign_jwt(const Json& claims, EVP_PKEY* private_key) {
  const Json header = {{"alg", jwt_algorithm(private_key)}, {"kid", key_id(private_key)}};
  std::string token = base64url_encode(to_json_text(header)) + "." + base64url_encode(to_json_text(claims));
  const auto signature = sign(token, private_key);
  if (!signature) return openssl::error("sign a token");
  token += "." + base64url_encode(*signature);
  return token;
}

std::optional<Json> verify_jwt(std::string_view token, EVP_PKEY* key) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (token.size() > kMaxTokenBytes || first == std::string_view::npos || first == last) return std::nullopt;
  const auto header = decode_part(token.substr(0, first));
  const auto signature = base64url_decode(token.substr(last + 1));
  if (!header || !signature || string_at(*header, {"alg"}) != jwt_algorithm(key)) return std::nullopt;
  if (!is_signature(token.substr(0, last), *signature, key)) return std::nullopt;
  return decode_part(token.substr(first + 1, last - first - 1));
}

}  // namespace skiff::server
