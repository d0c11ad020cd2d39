#include "api/base/check.h"
#include "api/protobuf/decode.h"
#include "test/fuzz/support.h"
#include "test/fuzz/target.h"

namespace skiff::fuzz {

void fuzz_json_body(std::string_view input) {
  if (input.empty()) return;
  std::optional<Json> document = json_of(input.substr(1));
  if (!document) return;
  const std::vector<server::Kind>& all = kinds().all();
  const std::size_t choice = static_cast<unsigned char>(input[0]);
  const server::Kind& kind = all[choice % all.size()];
  take_document({&kind, &kind.versions[choice / all.size() % kind.versions.size()]}, std::move(*document));
}

void fuzz_protobuf_body(std::string_view input) {
  Result<Json> document = api::protobuf::decode(input, catalog());
  if (!document) return;
  const std::string api_version = string_at(*document, {"apiVersion"});
  const std::size_t slash = api_version.find('/');
  const bool has_group = slash != std::string::npos;
  const server::ServedKind kind =
      kinds().find_by_kind(has_group ? api_version.substr(0, slash) : "",
                           has_group ? api_version.substr(slash + 1) : api_version, string_at(*document, {"kind"}));
  if (kind) take_document(kind, std::move(*document));
}

void fuzz_yaml_body(std::string_view input) {
  const auto parsed = parse_yaml(input);
  if (!parsed) return;
  // What we write reads back as the same.
  const auto again = parse_yaml(to_yaml(parsed->value));
  CHECK_INVARIANT(again && again->value == parsed->value);
  const auto as_json = parse_json(to_json_text(parsed->value));
  CHECK_INVARIANT(as_json && as_json->value == parsed->value);
}

}  // namespace skiff::fuzz
