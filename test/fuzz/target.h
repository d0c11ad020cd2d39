#pragma once

#include <span>
#include <string_view>

// What is fuzzed. A target takes any bytes and returns; it crashes, or fails a CHECK_INVARIANT, when the code under it
// has a bug. The same targets run under libFuzzer (test/fuzz/run) and, with the kept corpus, as a unit test.
namespace skiff::fuzz {

struct Target {
  std::string_view name;  // and the corpus' folder in test/fuzz/corpus
  void (*run)(std::string_view input);
};

[[nodiscard]] std::span<const Target> all_targets();

// Bodies of writes: the first byte chooses the kind, the rest is its JSON; or the whole is a protocol buffer body.
void fuzz_json_body(std::string_view input);
void fuzz_protobuf_body(std::string_view input);
void fuzz_yaml_body(std::string_view input);
// The first line is an object's JSON, the rest the patch.
void fuzz_json_patch(std::string_view input);
void fuzz_merge_patch(std::string_view input);
void fuzz_strategic_merge_patch(std::string_view input);
// Server-side apply: a set of fields; the first line is the live object, the rest the configuration.
void fuzz_field_set(std::string_view input);
void fuzz_apply(std::string_view input);
// Selectors in queries, a request's target with its query, a request's bytes.
void fuzz_selector(std::string_view input);
void fuzz_request_target(std::string_view input);
void fuzz_http_request(std::string_view input);
// A connection's bytes after its protocol has changed.
void fuzz_spdy(std::string_view input);
void fuzz_websocket(std::string_view input);

}  // namespace skiff::fuzz
