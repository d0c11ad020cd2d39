#include "server/controllers/int_or_percent.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::controllers {

int resolve_int_or_percent(const Json& value, int total, bool round_up) {
  if (value.is_number_integer()) return value.get<int>();
  if (!value.is_string()) return 0;
  const auto& text = value.get_ref<const std::string&>();
  int percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || std::string_view(end, text.data() + text.size()) != "%") return 0;
  const std::int64_t hundredths = static_cast<std::int64_t>(percent) * total;
  return static_cast<int>((hundredths + (round_up ? 99 : 0)) / 100);
}

}  // namespace skiff::controllers
