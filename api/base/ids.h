#pragma once

#include <string>
#include <string_view>

namespace skiff {

// A random (version 4) UUID in its 36-character text form.
[[nodiscard]] std::string new_uuid();

// `length` random characters of Kubernetes' "safe" alphabet (bcdfghjklmnpqrstvwxz2456789: no vowels, no lookalikes), as
// in generated names: "nginx-5c6b9976cc-2qbkr".
[[nodiscard]] std::string random_suffix(std::size_t length = 5);

// `count` bytes from the operating system's random source, in hexadecimal.
[[nodiscard]] std::string random_hex(std::size_t count);

// Maps each character of a decimal number into the safe alphabet, as in pod-template-hash and ReplicaSet names
// (rand.SafeEncodeString of apimachinery).
[[nodiscard]] std::string safe_encode(std::string_view text);

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
// False when `text` is not standard base64.
[[nodiscard]] bool base64_decode(std::string_view text, std::string& bytes);

}  // namespace skiff
