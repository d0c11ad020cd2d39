#include "server/registry/border.h"
#include "server/registry/impl.h"

namespace skiff::server {

namespace {

// What an event means to somebody who sees only the selection; nothing when it does not concern them.
std::optional<RegistryEvent> seen_through(const Selection& selection, const store::Event& event) {
  if (event.type == store::Event::Type::kDelete) {
    if (!selection.matches(*event.record)) return std::nullopt;
    return RegistryEvent{api::WatchEventType::kDeleted, event.record};
  }
  const bool before = event.previous && selection.matches(*event.previous);
  const bool after = selection.matches(*event.record);
  if (after) {
    return RegistryEvent{before ? api::WatchEventType::kModified : api::WatchEventType::kAdded, event.record};
  }
  if (!before) return std::nullopt;
  return RegistryEvent{api::WatchEventType::kDeleted, with_revision(*event.previous, event.record->mod_revision)};
}

api::Status too_old(store::Revision asked, store::Revision oldest) {
  return api::expired("too old resource version: " + std::to_string(asked) + " (" + std::to_string(oldest) + ")");
}

}  // namespace

RegistryWatch::RegistryWatch(std::unique_ptr<store::Watch> watch, Selection selection,
                             std::vector<store::RecordPtr> initial)
    : watch_(std::move(watch)), selection_(std::move(selection)), initial_(std::move(initial)) {}

api::Result<void> RegistryWatch::poll(std::vector<RegistryEvent>& events, std::size_t max) {
  const std::size_t before = events.size();
  while (initial_reported_ < initial_.size() && events.size() - before < max) {
    events.push_back(RegistryEvent{api::WatchEventType::kAdded, std::move(initial_[initial_reported_++])});
  }
  if (initial_reported_ == initial_.size()) {
    initial_.clear();
    initial_reported_ = 0;
  }
  while (events.size() == before) {
    batch_.clear();
    if (auto polled = watch_->poll(batch_, max); !polled) {
      if (polled.error().code != store::Code::kCompacted) return to_status(polled.error());
      return api::expired("The resourceVersion for the provided watch is too old.");
    }
    if (batch_.empty()) return {};
    for (const store::EventPtr& event : batch_) {
      if (auto seen = seen_through(selection_, *event)) events.push_back(std::move(*seen));
    }
  }
  return {};
}

store::Revision RegistryWatch::position() const { return initial_.empty() ? watch_->position() : 0; }

api::Result<std::unique_ptr<RegistryWatch>> Registry::watch(const ServedKind& kind, const std::string& namespace_,
                                                            const WatchParams& params,
                                                            std::function<void()> wake) const {
  Selection selection(params.label_selector, params.field_selector);
  if (auto checked = selection.check_fields(*kind.kind); !checked) return checked.error();
  const store::Scope scope = Impl::scope_of(*kind.kind, namespace_, selection);
  store::Revision asked = 0;
  if (!params.resource_version.empty()) {
    const auto parsed = parse_resource_version(params.resource_version);
    if (!parsed) return parsed.error();
    asked = *parsed;
  }
  if (const store::Revision now = impl_->store.revision(); asked > now) return too_large_resource_version(asked, now);
  const bool initial_events = params.initial_events.value_or(asked == 0);
  const bool from_now = initial_events || asked == 0;

  for (;;) {
    store::Revision after = from_now ? impl_->store.revision() : asked;
    std::vector<store::RecordPtr> initial;
    if (initial_events) {
      auto range = impl_->store.range(scope, "", 0, 0);
      if (!range) return to_status(range.error());
      after = range->revision;
      for (store::RecordPtr& record : range->records) {
        if (selection.matches(*record)) initial.push_back(std::move(record));
      }
    }
    auto opened = impl_->store.watch(scope, after, wake);
    if (opened) return std::make_unique<RegistryWatch>(std::move(*opened), std::move(selection), std::move(initial));
    if (opened.error().code != store::Code::kCompacted) return to_status(opened.error());
    // A present that was compacted between the two calls: there is a newer one.
    if (!from_now) return too_old(asked, impl_->store.compacted_revision());
  }
}

}  // namespace skiff::server
