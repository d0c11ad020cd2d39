#include "nodeagent/images/image.h"

#include <catch2/catch.hpp>

namespace skiff::nodeagent {

TEST_CASE("image names are normalized as docker and containerd do") {
  struct Row {
    const char* text;
    const char* normalized;
  };
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::string with_digest = "busybox@" + digest;
  const std::string with_both = "localhost:5000/a/b:v1@" + digest;
  const std::string digest_normalized = "docker.io/library/busybox@" + digest;
  const Row rows[] = {
      {"nginx", "docker.io/library/nginx:latest"},
      {"nginx:1.13", "docker.io/library/nginx:1.13"},
      {"skiff/demo", "docker.io/skiff/demo:latest"},
      {"daocloud.io/library/nginx:1.13.0-alpine", "daocloud.io/library/nginx:1.13.0-alpine"},
      {"localhost/x", "localhost/x:latest"},
      {"localhost:5000/x:1", "localhost:5000/x:1"},
      {"127.0.0.1:5000/x", "127.0.0.1:5000/x:latest"},
      {"[::1]:5000/x", "[::1]:5000/x:latest"},
      {"index.docker.io/library/a", "docker.io/library/a:latest"},
      {"a__b/c-d--e.f", "docker.io/a__b/c-d--e.f:latest"},
      {with_digest.c_str(), digest_normalized.c_str()},
      {with_both.c_str(), with_both.c_str()},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.text) {
      const auto reference = ImageReference::parse(row.text);
      REQUIRE(reference);
      CHECK(reference->to_string() == row.normalized);
    }
  }
}

TEST_CASE("what is not an image name is refused") {
  for (const char* text : {"", ":", "a:", "a b", "-a", "a/", "/a", "a//b", "a:b:c", "a@sha256:12", "a@md5:00", "a..b",
                           "a___b", "a:-x", "host:port/a", "../etc/passwd"}) {
    DYNAMIC_SECTION(text) {
      const auto reference = ImageReference::parse(text);
      REQUIRE_FALSE(reference);
      CHECK(reference.error().message ==
            "couldn't parse image name \"" + std::string(text) + "\": invalid reference format");
    }
  }
  CHECK(ImageReference::parse("Nginx").error().message ==
        "couldn't parse image name \"Nginx\": invalid reference format: repository name must be lowercase");
}

}  // namespace skiff::nodeagent
