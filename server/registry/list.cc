#include "server/registry/border.h"
#include "server/registry/continue_token.h"
#include "server/registry/impl.h"

namespace skiff::server {

namespace {

// How many records are looked at in one go when a selector passes over some of them.
constexpr std::size_t kSelectingChunk = 500;

constexpr const char* kExpiredContinue =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list.";

// Where a list begins: at which revision (0 = now), after which key.
struct Start {
  store::Revision revision = 0;
  std::string after;
  bool continued = false;
};

api::Result<Start> start_of(const ListParams& params, const std::string& prefix, store::Revision now) {
  if (!params.continue_token.empty()) {
    auto token = ContinueToken::decode(params.continue_token, prefix);
    if (!token) return token.error();
    if (!params.resource_version.empty() && params.resource_version != "0") {
      return api::bad_request("specifying resource version is not allowed when using continue");
    }
    const store::Revision revision = token->revision == ContinueToken::kInconsistent ? 0 : token->revision;
    // From another life of a store that forgets (--in-memory).
    if (revision > now) return too_large_resource_version(revision, now);
    return Start{revision, std::move(token->after), revision != 0};
  }
  if (params.resource_version.empty()) return Start{};
  const auto asked = parse_resource_version(params.resource_version);
  if (!asked) return asked.error();
  if (*asked > now) return too_large_resource_version(*asked, now);
  // A limit without a match means "exactly there" (upstream's legacy rule); otherwise anything not older will do.
  const bool exact = params.version_match == VersionMatch::kExact ||
                     (params.version_match == VersionMatch::kUnset && params.limit > 0);
  return Start{exact ? *asked : 0, "", false};
}

api::Status range_error(const store::Error& error, const Start& start, const std::string& prefix) {
  if (error.code != store::Code::kCompacted || !start.continued) return to_status(error);
  api::Status status = api::expired(kExpiredContinue);
  status.continue_token = ContinueToken{ContinueToken::kInconsistent, start.after}.encode(prefix);
  return status;
}

}  // namespace

api::Result<ListPage> Registry::list(const ServedKind& kind, const std::string& namespace_,
                                     const ListParams& params) const {
  const Selection selection(params.label_selector, params.field_selector);
  if (auto checked = selection.check_fields(*kind.kind); !checked) return checked.error();
  const std::string prefix = Impl::prefix_of(*kind.kind, namespace_);
  const store::Scope scope = Impl::scope_of(*kind.kind, namespace_, selection);
  auto start = start_of(params, prefix, impl_->store.revision());
  if (!start) return start.error();

  const bool everything = selection.everything();
  std::size_t chunk = params.limit;
  if (!everything && chunk > 0) chunk = std::max(chunk, kSelectingChunk);
  ListPage page;
  std::string after = start->after;
  store::Revision revision = start->revision;
  for (;;) {
    auto range = impl_->store.range(scope, after, chunk, revision);
    if (!range) return range_error(range.error(), *start, prefix);
    revision = range->revision;
    std::size_t passed = 0;
    for (store::RecordPtr& record : range->records) {
      ++passed;
      after = record->key;
      if (everything || selection.matches(*record)) page.records.push_back(std::move(record));
      if (params.limit > 0 && page.records.size() == params.limit) break;
    }
    const bool more = range->more || passed < range->records.size();
    const bool full = params.limit > 0 && page.records.size() == params.limit;
    if (more && !full) continue;
    page.resource_version = std::to_string(revision);
    if (more) {
      page.continue_token = ContinueToken{revision, after}.encode(prefix);
      if (everything) page.remaining_item_count = range->remaining;
    }
    return page;
  }
}

}  // namespace skiff::server
