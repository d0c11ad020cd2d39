#include "api/selector.h"

#include "api/field_error.h"
#include "api/schema/validate.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace skiff::api {
namespace {

using Operator = LabelSelector::Operator;
using Requirement = LabelSelector::Requirement;

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (std::size_t i = 0; i < texts.size(); ++i) joined.append(i == 0 ? "" : separator).append(texts[i]);
  return joined;
}

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The findings as one error text, as an aggregate of upstream prints itself; empty when there are none.
std::string to_text(const FieldErrors& errors) {
  std::vector<std::string> messages;
  for (const FieldError& error : errors.all()) messages.push_back(error.message());
  return messages.size() > 1 ? "[" + join(messages, ", ") + "]" : join(messages, "");
}

void check_value_count(const Requirement& requirement, FieldErrors& errors) {
  const std::size_t count = requirement.values.size();
  switch (requirement.op) {
    case Operator::kIn:
    case Operator::kNotIn:
      if (count == 0) errors.invalid("values", Json::array(), "for 'in', 'notin' operators, values set can't be empty");
      break;
    case Operator::kEquals:
    case Operator::kNotEquals:
      break;  // the parser takes exactly one
    case Operator::kExists:
    case Operator::kDoesNotExist:
      if (count != 0) {
        errors.invalid("values", requirement.values, "values set must be empty for exists and does not exist");
      }
      break;
    case Operator::kGreaterThan:
    case Operator::kLessThan:
      for (std::size_t i = 0; i < count; ++i) {
        if (!parse_integer(requirement.values[i])) {
          errors.invalid(index("values", i), requirement.values[i],
                         "for 'Gt', 'Lt' operators, the value must be an integer");
        }
      }
      break;
  }
}

// Upstream's NewRequirement: what is wrong with it, or empty.
std::string check(const Requirement& requirement) {
  FieldErrors errors;
  if (std::string problem = schema::check_format("qualified-name", requirement.key); !problem.empty()) {
    errors.invalid("key", requirement.key, std::move(problem));
  }
  check_value_count(requirement, errors);
  for (std::size_t i = 0; i < requirement.values.size(); ++i) {
    if (std::string problem = schema::check_format("label-value", requirement.values[i]); !problem.empty()) {
      errors.invalid(key(index("values", i), requirement.key), requirement.values[i], std::move(problem));
    }
  }
  return to_text(errors);
}

enum class Token {
  kEnd,
  kError,
  kIdentifier,
  kClosedParenthesis,
  kOpenParenthesis,
  kComma,
  kNot,
  kEquals,
  kNotEquals,
  kGreaterThan,
  kLessThan,
  kIn,
  kNotIn,
};

struct ScannedToken {
  Token token;
  std::string text;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_symbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }

std::optional<Token> symbol_token(std::string_view text) {
  if (text == ")") return Token::kClosedParenthesis;
  if (text == "(") return Token::kOpenParenthesis;
  if (text == ",") return Token::kComma;
  if (text == "!") return Token::kNot;
  if (text == "=" || text == "==") return Token::kEquals;
  if (text == "!=") return Token::kNotEquals;
  if (text == ">") return Token::kGreaterThan;
  if (text == "<") return Token::kLessThan;
  return std::nullopt;
}

// The query form's grammar and its complaints are those of upstream's labels.Parse. `in` and `notin` are operators
// behind a key and plain words elsewhere.
class Parser {
 public:
  explicit Parser(std::string_view text) { scan(text); }

  Result<std::vector<Requirement>> parse() {
    std::vector<Requirement> requirements;
    for (;;) {
      if (peek() == Token::kEnd) return requirements;
      if (peek() != Token::kIdentifier && peek() != Token::kNot) {
        return bad_request("found '" + text() + "', expected: !, identifier, or 'end of string'");
      }
      Requirement requirement;
      if (std::string problem = parse_requirement(requirement); !problem.empty()) {
        return bad_request("unable to parse requirement: " + problem);
      }
      requirements.push_back(std::move(requirement));
      if (peek() == Token::kEnd) return requirements;
      if (peek() != Token::kComma) return bad_request("found '" + text() + "', expected: ',' or 'end of string'");
      advance();
      if (peek() != Token::kIdentifier && peek() != Token::kNot) {
        return bad_request("found '" + text() + "', expected: identifier after ','");
      }
    }
  }

 private:
  void scan(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      if (is_space(text[at])) {
        ++at;
      } else if (is_symbol(text[at])) {
        // The longest symbol that starts here: "!=" before "!".
        const std::size_t length = at + 1 < text.size() && symbol_token(text.substr(at, 2)) ? 2 : 1;
        tokens_.push_back({*symbol_token(text.substr(at, length)), std::string(text.substr(at, length))});
        at += length;
      } else {
        const std::size_t start = at;
        while (at < text.size() && !is_symbol(text[at]) && !is_space(text[at])) ++at;
        const std::string_view word = text.substr(start, at - start);
        const Token token = word == "in" ? Token::kIn : word == "notin" ? Token::kNotIn : Token::kIdentifier;
        tokens_.push_back({token, std::string(word)});
      }
    }
    tokens_.push_back({Token::kEnd, ""});
  }

  // The next token, read as an operator where one may stand.
  Token peek_operator() const { return tokens_[position_].token; }
  Token peek() const {
    const Token token = peek_operator();
    return token == Token::kIn || token == Token::kNotIn ? Token::kIdentifier : token;
  }
  const std::string& text() const { return tokens_[position_].text; }
  // Stays on the end.
  std::string advance() {
    const std::size_t current = position_;
    if (position_ + 1 < tokens_.size()) ++position_;
    return tokens_[current].text;
  }

  // What is wrong, or empty.
  std::string parse_requirement(Requirement& requirement) {
    const bool negated = peek() == Token::kNot;
    if (negated) advance();
    if (peek() != Token::kIdentifier) return "found '" + text() + "', expected: identifier";
    requirement.key = advance();
    if (const std::string problem = schema::check_format("qualified-name", requirement.key); !problem.empty()) {
      return "<nil>: Invalid value: " + to_json_text(requirement.key) + ": " + problem;
    }
    if (negated || peek() == Token::kEnd || peek() == Token::kComma) {
      requirement.op = negated ? Operator::kDoesNotExist : Operator::kExists;
      return "";
    }
    std::string problem = parse_operator(requirement);
    return problem.empty() ? check(requirement) : problem;
  }

  std::string parse_operator(Requirement& requirement) {
    const Token token = peek_operator();
    const std::string found = advance();
    switch (token) {
      case Token::kIn:
      case Token::kNotIn:
        requirement.op = token == Token::kIn ? Operator::kIn : Operator::kNotIn;
        return parse_values(requirement.values);
      case Token::kEquals:
        requirement.op = Operator::kEquals;
        return parse_exact_value(requirement.values);
      case Token::kNotEquals:
        requirement.op = Operator::kNotEquals;
        return parse_exact_value(requirement.values);
      case Token::kGreaterThan:
        requirement.op = Operator::kGreaterThan;
        return parse_exact_value(requirement.values);
      case Token::kLessThan:
        requirement.op = Operator::kLessThan;
        return parse_exact_value(requirement.values);
      default:
        return "found '" + found + "', expected: in, notin, =, ==, !=, gt, lt";
    }
  }

  std::string parse_exact_value(std::vector<std::string>& values) {
    if (peek() == Token::kEnd || peek() == Token::kComma) {
      values.emplace_back();
      return "";
    }
    if (peek() != Token::kIdentifier) return "found '" + text() + "', expected: identifier";
    values.push_back(advance());
    return "";
  }

  // "(a, b)". An empty place between commas or parentheses is the empty value.
  std::string parse_values(std::vector<std::string>& values) {
    if (peek() != Token::kOpenParenthesis) return "found '" + text() + "' expected: '('";
    advance();
    if (peek() != Token::kIdentifier && peek() != Token::kComma && peek() != Token::kClosedParenthesis) {
      return "found '" + text() + "', expected: ',', ')' or identifier";
    }
    std::set<std::string> unique;
    for (;;) {
      if (peek() == Token::kIdentifier) {
        unique.insert(advance());
      } else {
        unique.emplace();
      }
      if (peek() == Token::kClosedParenthesis) break;
      if (peek() != Token::kComma) return "found '" + text() + "', expected: ',' or ')'";
      advance();
      if (peek() != Token::kIdentifier && peek() != Token::kComma && peek() != Token::kClosedParenthesis) {
        return "found '" + text() + "', expected: ',', or identifier";
      }
    }
    advance();
    values.assign(unique.begin(), unique.end());
    return "";
  }

  std::vector<ScannedToken> tokens_;
  std::size_t position_ = 0;
};

std::optional<Operator> operator_of(std::string_view name) {
  if (name == "In") return Operator::kIn;
  if (name == "NotIn") return Operator::kNotIn;
  if (name == "Exists") return Operator::kExists;
  if (name == "DoesNotExist") return Operator::kDoesNotExist;
  return std::nullopt;
}

Result<Requirement> requirement_of(const Json& expression) {
  Requirement requirement;
  requirement.key = string_at(expression, {"key"});
  const std::string name = string_at(expression, {"operator"});
  const std::optional<Operator> op = operator_of(name);
  if (!op) return bad_request(to_json_text(name) + " is not a valid label selector operator");
  requirement.op = *op;
  if (const Json* values = find(expression, {"values"}); values != nullptr && values->is_array()) {
    for (const Json& value : *values) {
      if (value.is_string()) requirement.values.push_back(value.get<std::string>());
    }
  }
  if (std::string problem = check(requirement); !problem.empty()) return bad_request(problem);
  return requirement;
}

bool compare(std::string_view value, const Requirement& requirement) {
  const std::optional<std::int64_t> left = parse_integer(value);
  const std::optional<std::int64_t> right = parse_integer(requirement.values.front());
  if (!left || !right) return false;
  return requirement.op == Operator::kGreaterThan ? *left > *right : *left < *right;
}

bool matches_one(const Requirement& requirement, std::optional<std::string_view> value) {
  switch (requirement.op) {
    case Operator::kEquals:
    case Operator::kIn:
      return value && contains(requirement.values, *value);
    case Operator::kNotEquals:
    case Operator::kNotIn:
      return !value || !contains(requirement.values, *value);
    case Operator::kExists:
      return value.has_value();
    case Operator::kDoesNotExist:
      return !value;
    case Operator::kGreaterThan:
    case Operator::kLessThan:
      return value && compare(*value, requirement);
  }
  return false;
}

std::string to_text(const Requirement& requirement) {
  const auto first_value = [&] { return requirement.values.empty() ? "" : requirement.values.front(); };
  switch (requirement.op) {
    case Operator::kEquals:
      return requirement.key + "=" + first_value();
    case Operator::kNotEquals:
      return requirement.key + "!=" + first_value();
    case Operator::kIn:
    case Operator::kNotIn: {
      std::vector<std::string> sorted = requirement.values;
      std::sort(sorted.begin(), sorted.end());
      return requirement.key + (requirement.op == Operator::kIn ? " in (" : " notin (") + join(sorted, ",") + ")";
    }
    case Operator::kExists:
      return requirement.key;
    case Operator::kDoesNotExist:
      return "!" + requirement.key;
    case Operator::kGreaterThan:
      return requirement.key + ">" + first_value();
    case Operator::kLessThan:
      return requirement.key + "<" + first_value();
  }
  return "";
}

void sort_by_key(std::vector<Requirement>& requirements) {
  std::stable_sort(requirements.begin(), requirements.end(),
                   [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
}

}  // namespace

std::optional<std::string_view> find_attribute(const AttributeList& attributes, std::string_view name) {
  const auto found = std::lower_bound(attributes.begin(), attributes.end(), name,
                                      [](const auto& attribute, std::string_view n) { return attribute.first < n; });
  if (found == attributes.end() || found->first != name) return std::nullopt;
  return found->second;
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  Result<std::vector<Requirement>> requirements = Parser(text).parse();
  if (!requirements) return requirements.error();
  LabelSelector selector;
  selector.requirements_ = std::move(*requirements);
  sort_by_key(selector.requirements_);
  return selector;
}

Result<LabelSelector> LabelSelector::from_object(const Json& selector) {
  LabelSelector result;
  result.matches_nothing_ = selector.is_null();
  if (const Json* labels = skiff::find(selector, {"matchLabels"}); labels != nullptr && labels->is_object()) {
    for (const auto& [name, value] : labels->items()) {
      Requirement requirement{name, Operator::kEquals, {value.is_string() ? value.get<std::string>() : ""}};
      if (std::string problem = check(requirement); !problem.empty()) return bad_request(problem);
      result.requirements_.push_back(std::move(requirement));
    }
  }
  if (const Json* expressions = skiff::find(selector, {"matchExpressions"});
      expressions != nullptr && expressions->is_array()) {
    for (const Json& expression : *expressions) {
      Result<Requirement> requirement = requirement_of(expression);
      if (!requirement) return requirement.error();
      result.requirements_.push_back(std::move(*requirement));
    }
  }
  sort_by_key(result.requirements_);
  return result;
}

bool LabelSelector::matches(const std::function<std::optional<std::string_view>(std::string_view)>& lookup) const {
  return !matches_nothing_ && std::all_of(requirements_.begin(), requirements_.end(),
                                          [&](const Requirement& each) { return matches_one(each, lookup(each.key)); });
}

bool LabelSelector::matches(const AttributeList& labels) const {
  return !matches_nothing_ && std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& each) {
    return matches_one(each, find_attribute(labels, each.key));
  });
}

bool LabelSelector::matches_object_labels(const Json& labels) const {
  const auto value_of = [&](const std::string& name) -> std::optional<std::string_view> {
    const Json* value = skiff::find(labels, {name});
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return value->get_ref<const std::string&>();
  };
  return !matches_nothing_ && std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& each) {
    return matches_one(each, value_of(each.key));
  });
}

std::string LabelSelector::to_string() const {
  std::vector<std::string> texts;
  for (const Requirement& requirement : requirements_) texts.push_back(to_text(requirement));
  return join(texts, ",");
}

namespace {

// Takes the text up to the next unescaped comma.
std::string_view take_term(std::string_view& text) {
  std::size_t at = 0;
  for (; at < text.size() && text[at] != ','; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
  }
  const std::string_view term = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return term;
}

// A value's backslashes: "\\", "\," and "\=" stand for the second character.
Result<std::string> unescape(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == ',' || c == '=') {
      return bad_request("invalid field selector: unescaped character in value: " + std::string(1, c));
    }
    if (c != '\\') {
      result.push_back(c);
      continue;
    }
    ++at;
    const std::string_view next = text.substr(at, 1);
    if (next != "\\" && next != "," && next != "=") {
      return bad_request("invalid field selector: invalid escape sequence: \\" + std::string(next));
    }
    result += next;
  }
  return result;
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  FieldSelector selector;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view term = take_term(rest);
    if (term.empty()) continue;
    const std::size_t equals = term.find('=');
    if (equals == term.npos) {
      return bad_request("invalid selector: '" + std::string(text) + "'; can't understand '" + std::string(term) + "'");
    }
    const bool negated = equals > 0 && term[equals - 1] == '!';
    const bool doubled = !negated && term.substr(equals).starts_with("==");
    Result<std::string> value = unescape(term.substr(equals + (doubled ? 2 : 1)));
    if (!value) return value.error();
    selector.requirements_.push_back(
        {std::string(term.substr(0, equals - (negated ? 1 : 0))), std::move(*value), !negated});
  }
  return selector;
}

bool FieldSelector::matches(const AttributeList& fields) const {
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& each) {
    return (find_attribute(fields, each.field).value_or("") == each.value) == each.equal;
  });
}

}  // namespace skiff::api
