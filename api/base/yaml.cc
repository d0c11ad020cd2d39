#include "api/base/ids.h"
#include "api/base/json.h"
#include "api/base/yaml_scalar.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace skiff {
namespace {

// What aliases may add to a document in all, in nodes and in bytes of strings ("billion laughs"), and what anchors may
// make us remember.
constexpr std::size_t kMaxAliasNodes = 1'000'000;
constexpr std::size_t kMaxAliasBytes = 16 << 20;

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";

// Leaves the parser of yaml-cpp, which has no other way to stop early.
struct YamlFailure : std::runtime_error {
  YamlFailure(const YAML::Mark& mark, const std::string& what)
      : std::runtime_error("line " + std::to_string(mark.line + 1) + ": " + what) {}
};

struct Extent {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
  std::size_t depth = 0;
};

// Of a finished value; recursion is bounded by kMaxJsonDepth.
Extent measure(const Json& value) {
  Extent extent{1, 0, 0};
  if (value.is_string()) extent.bytes = value.get_ref<const std::string&>().size();
  if (!value.is_structured()) return extent;
  for (const auto& [name, member] : value.items()) {
    const Extent inner = measure(member);
    extent.nodes += inner.nodes;
    extent.bytes += inner.bytes + (value.is_object() ? name.size() : 0);
    extent.depth = std::max(extent.depth, inner.depth);
  }
  ++extent.depth;
  return extent;
}

// The length of the UTF-8 sequence at the start of `text`, or 0 when it is not one.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xc2 && first < 0xe0   ? 2
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first < 0xf5                  ? 4
                                                             : 0;
  if (first < 0xc2 || length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

// The text with what `mended` makes of each byte that is no part of a character.
template <class Mended>
std::string mend_utf8(const std::string& text, Mended mended) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(std::string_view(text).substr(at));
    if (length == 0) {
      result += mended(text[at++]);
    } else {
      result.append(text, at, length);
      at += length;
    }
  }
  return result;
}

// yaml-cpp writes the escapes "\_" (no-break space) and "\N" (next line) as Latin-1; the rest of its scalars is
// UTF-8, as the text is.
std::string mend_escapes(const std::string& value) {
  return mend_utf8(value, [](char latin1) { return std::string("\xc2") + latin1; });
}

// As Go's encoding/json shows bytes that are no text.
std::string replace_invalid(const std::string& bytes) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  return mend_utf8(bytes, [kReplacement](char) { return kReplacement; });
}

// A plain key's text after resolution: `yes: 1` is the member "true", `0x10: 1` the member "16".
std::string key_text(const YAML::Mark& mark, const Json& key) {
  if (key.is_string()) return key.get<std::string>();
  if (key.is_null() || key.is_structured()) throw YamlFailure(mark, "invalid map key: " + key.dump());
  return key.dump();
}

// Builds one JSON document from the parser's events.
class EventBuilder final : public YAML::EventHandler {
 public:
  ParsedJson result;
  YAML::Mark start;

  void OnDocumentStart(const YAML::Mark& mark) override { start = mark; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, nullptr, anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YamlFailure(mark, "anchor value contains itself");
    const auto& [value, extent] = found->second;
    count(mark, extent);
    if (levels_.size() + extent.depth > kMaxJsonDepth) throw YamlFailure(mark, "exceeded max depth");
    add(mark, value, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add(mark, scalar(mark, tag, value), anchor, tag == "?" && value == "<<");
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, Json::array(), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, Json::object(), anchor);
  }
  void OnMapEnd() override {
    Level& level = levels_.back();
    // Members of the map itself win over merged ones, earlier merged ones over later ones.
    for (const Json& source : level.merged) {
      for (const auto& [name, value] : source.items()) {
        if (!level.container.contains(name)) level.container[name] = value;
      }
    }
    close();
  }

 private:
  struct Level {
    YAML::Mark mark;
    Json container;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // read, its value still to come
    bool merge = false;              // the key was `<<`
    std::vector<Json> merged;
  };

  static Json scalar(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    const bool standard = tag.starts_with(kTagPrefix);
    const std::string_view name = standard ? std::string_view(tag).substr(kTagPrefix.size()) : "";
    if (name == "binary") {
      std::string bytes;
      if (!base64_decode(value, bytes)) throw YamlFailure(mark, "!!binary value contains invalid base64 data");
      return replace_invalid(bytes);
    }
    if ((!standard && tag != "?") || name == "str") return mend_escapes(value);
    Json resolved = internal::resolve_plain_scalar(value);
    if (resolved.is_number_float() && !std::isfinite(resolved.get<double>())) {
      throw YamlFailure(mark, "unsupported value: " + value);
    }
    return resolved;
  }

  void open(const YAML::Mark& mark, Json container, YAML::anchor_t anchor) {
    if (levels_.size() >= kMaxJsonDepth) throw YamlFailure(mark, "exceeded max depth");
    if (!levels_.empty() && levels_.back().container.is_object() && !levels_.back().key) {
      throw YamlFailure(mark, "invalid map key: " + container.dump());
    }
    levels_.push_back({mark, std::move(container), anchor, std::nullopt, false, {}});
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    add(level.mark, std::move(level.container), level.anchor);
  }

  // Puts a finished value (or a key) where the parser stands.
  void add(const YAML::Mark& mark, Json value, YAML::anchor_t anchor, bool is_merge_word = false) {
    if (anchor != 0) remember(mark, value, anchor);
    if (levels_.empty()) {
      result.value = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.container.is_array()) {
      level.container.push_back(std::move(value));
    } else if (!level.key) {
      level.key = key_text(mark, value);
      level.merge = is_merge_word;
      if (level.container.contains(*level.key)) result.duplicate_fields.push_back(path());
    } else if (level.merge) {
      add_merged(mark, level, std::move(value));
      level.key.reset();
    } else {
      level.container[*level.key] = std::move(value);
      level.key.reset();
    }
  }

  void count(const YAML::Mark& mark, const Extent& extent) {
    alias_nodes_ += extent.nodes;
    alias_bytes_ += extent.bytes;
    if (alias_nodes_ > kMaxAliasNodes || alias_bytes_ > kMaxAliasBytes) {
      throw YamlFailure(mark, "document contains excessive aliasing");
    }
  }

  void remember(const YAML::Mark& mark, const Json& value, YAML::anchor_t anchor) {
    const Extent extent = measure(value);
    count(mark, extent);
    anchors_[anchor] = {value, extent};
  }

  static void add_merged(const YAML::Mark& mark, Level& level, Json value) {
    if (!value.is_array()) value = Json::array({std::move(value)});
    for (Json& source : value) {
      if (!source.is_object()) throw YamlFailure(mark, "map merge requires map or sequence of maps as the value");
      level.merged.push_back(std::move(source));
    }
  }

  // Of the key that was just read: "spec.containers[0].name".
  std::string path() const {
    std::string text;
    for (const Level& level : levels_) {
      if (level.container.is_array()) {
        text += "[" + std::to_string(level.container.size()) + "]";
      } else if (level.key) {
        text += (text.empty() ? "" : ".") + *level.key;
      }
    }
    return text;
  }

  std::vector<Level> levels_;
  std::map<YAML::anchor_t, std::pair<Json, Extent>> anchors_;
  std::size_t alias_nodes_ = 0;
  std::size_t alias_bytes_ = 0;
};

// Empty when every character may stand in a YAML text. yaml-cpp would replace the others, or take them for its end.
std::string check_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return "invalid UTF-8 at byte " + std::to_string(at);
    const char c = text[at];
    const bool control = (c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
    if (control) return "control characters are not allowed";
    at += length;
  }
  return "";
}

// Whether anything but an empty document stands behind the first one, which begins at `start`. The parser takes a token
// that belongs to no document (a comma, say) for an empty one, and stays in front of it for ever.
bool has_more(YAML::Parser& parser, YAML::Mark start) {
  for (;;) {
    EventBuilder rest;
    if (!parser.HandleNextDocument(rest)) return false;
    if (rest.start.pos == start.pos) throw YamlFailure(start, "did not find expected <document start>");
    start = rest.start;
    if (!rest.result.value.is_null()) return true;
  }
}

// The text with a mark at its end that no quoted scalar may contain: where a line break stands before it, yaml-cpp
// takes the end of the text for the closing quote.
std::string with_end_mark(std::string_view text) {
  std::string marked(text);
  const std::size_t last = text.find_last_not_of(" \t");
  if (last == text.npos || text[last] != '\n') return marked;
  if (last + 1 < text.size()) marked += '\n';
  marked += "...\n";
  return marked;
}

Error yaml_error(const std::string& what) { return Error{ErrorCode::kInvalid, "yaml: " + what}; }

}  // namespace

Result<ParsedJson> parse_yaml(std::string_view text) {
  if (std::string problem = check_characters(text); !problem.empty()) return yaml_error(problem);
  try {
    std::istringstream stream(with_end_mark(text));
    YAML::Parser parser(stream);
    EventBuilder builder;
    parser.HandleNextDocument(builder);
    if (has_more(parser, builder.start)) return yaml_error("expected a single document in the stream");
    return std::move(builder.result);
  } catch (const YamlFailure& failure) {
    return yaml_error(failure.what());
  } catch (const YAML::Exception& exception) {
    if (exception.msg == YAML::ErrorMsg::DOC_IN_SCALAR && exception.mark.pos >= static_cast<int>(text.size())) {
      return yaml_error("line " + std::to_string(exception.mark.line) + ": found unexpected end of stream");
    }
    return yaml_error("line " + std::to_string(exception.mark.line + 1) + ": " + exception.msg);
  }
}

}  // namespace skiff
