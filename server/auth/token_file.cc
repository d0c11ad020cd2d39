#include "server/auth/token_file.h"

#include "api/base/log.h"

namespace skiff::server {

namespace {

using Row = std::vector<std::string>;

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

// Takes one CSV column off `text`, up to and without the comma or line end behind it. Nothing when a quote stays open.
std::optional<std::string> take_column(std::string_view& text) {
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find_first_of(",\n"), text.size());
    std::string column = trimmed(text.substr(0, end));
    text.remove_prefix(end);
    return column;
  }
  std::string column;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '"') {
      column += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '"') {
      column += text[++i];
    } else {
      text.remove_prefix(std::min(text.find_first_of(",\n", i), text.size()));
      return column;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<Row>> parse_csv(std::string_view text) {
  std::vector<Row> rows;
  while (!text.empty()) {
    Row row;
    for (bool more = true; more;) {
      auto column = take_column(text);
      if (!column) return std::nullopt;
      row.push_back(std::move(*column));
      more = text.starts_with(',');
      if (!text.empty()) text.remove_prefix(1);
    }
    const bool blank = row.size() == 1 && row[0].empty();
    if (!blank) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> split_groups(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    const std::string_view group = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), group.size() + 1));
    if (!group.empty()) groups.emplace_back(group);
  }
  return groups;
}

}  // namespace

Result<std::vector<TokenUser>> parse_token_file(std::string_view text, std::string_view file_name) {
  const auto rows = parse_csv(text);
  if (!rows) return Error{ErrorCode::kInvalid, std::string(file_name) + ": a quote is not closed"};
  std::vector<TokenUser> tokens;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const Row& row = (*rows)[i];
    if (row.size() < 3) {
      return Error{ErrorCode::kInvalid, "token file '" + std::string(file_name) +
                                            "' must have at least 3 columns (token, user name, user uid), found " +
                                            std::to_string(row.size())};
    }
    if (row[0].empty()) {
      spdlog::warn("empty token has been found in token file '{}', record number '{}'", file_name, i + 1);
      continue;
    }
    tokens.push_back(TokenUser{row[0], api::User{row[1], {}, row[2]}});
    if (row.size() > 3) tokens.back().user.groups = split_groups(row[3]);
  }
  return tokens;
}

}  // namespace skiff::server
