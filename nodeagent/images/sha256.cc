#include "nodeagent/images/sha256.h"

#include "api/base/check.h"

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>

#include <array>
#include <fstream>

namespace skiff::nodeagent {

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  CHECK_INVARIANT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::string_view bytes) {
  CHECK_INVARIANT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::digest() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  CHECK_INVARIANT(EVP_DigestFinal_ex(context_.get(), bytes.data(), &size) == 1);
  return fmt::format("sha256:{:02x}", fmt::join(bytes.begin(), bytes.begin() + size, ""));
}

Result<std::string> digest_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return errno_error("open " + path);
  Sha256 hash;
  std::array<char, 64 * 1024> buffer{};
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    hash.update({buffer.data(), static_cast<std::size_t>(file.gcount())});
  }
  if (file.bad()) return errno_error("read " + path);
  return hash.digest();
}

}  // namespace skiff::nodeagent
