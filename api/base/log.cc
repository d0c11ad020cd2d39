#include "api/base/log.h"

#include "api/base/json.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

namespace skiff {
namespace {

// Stands in a payload between the message and its fields, which are the members of a JSON object behind it.
constexpr char kFieldsMark = '\x1f';

std::string_view message_of(std::string_view payload) { return payload.substr(0, payload.find(kFieldsMark)); }

Json fields_of(std::string_view payload) {
  const std::size_t mark = payload.find(kFieldsMark);
  if (mark == std::string_view::npos) return Json::array();
  Json fields = Json::parse(payload.substr(mark + 1), nullptr, false);
  return fields.is_array() ? fields : Json::array();
}

std::string_view payload_of(const spdlog::details::log_msg& line) { return {line.payload.data(), line.payload.size()}; }

void append(const std::string& text, spdlog::memory_buf_t& out) { out.append(text.data(), text.data() + text.size()); }

// `message name="value"`
class TextLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string text(message_of(payload_of(line)));
    for (const Json& field : fields_of(payload_of(line))) {
      text += ' ';
      text += field[0].get_ref<const std::string&>();
      text += '=';
      text += to_json_text(field[1]);
    }
    append(text, out);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<TextLine>(); }
};

// `"msg":"message","name":"value"`
class JsonLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string text = "\"msg\":" + to_json_text(Json(message_of(payload_of(line))));
    for (const Json& field : fields_of(payload_of(line))) {
      text += ',';
      text += to_json_text(field[0]);
      text += ':';
      text += to_json_text(field[1]);
    }
    append(text, out);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JsonLine>(); }
};

template <class Line>
std::unique_ptr<spdlog::formatter> formatter_with(const std::string& pattern) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<Line>('*').set_pattern(pattern);
  return formatter;
}

}  // namespace

namespace internal {

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink, spdlog::level::level_enum level, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>("skiff", std::move(sink));
  logger->set_formatter(format == LogFormat::kJson
                            ? formatter_with<JsonLine>(R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%*})")
                            : formatter_with<TextLine>("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %*"));
  logger->set_level(level);
  logger->flush_on(spdlog::level::info);
  return logger;
}

}  // namespace internal

bool init_logging(std::string_view level, LogFormat format) {
  const auto parsed = spdlog::level::from_str(std::string(level));
  // from_str() answers "off" for names that it does not know.
  if (parsed == spdlog::level::off && level != "off") return false;
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  spdlog::set_default_logger(internal::make_logger(std::move(sink), parsed, format));
  return true;
}

void log_fields(spdlog::level::level_enum level, std::string_view message, const LogFields& fields) {
  if (!spdlog::should_log(level)) return;
  Json members = Json::array();
  for (const auto& [name, value] : fields) members.push_back(Json::array({name, value}));
  std::string payload(message);
  payload += kFieldsMark;
  payload += to_json_text(members);
  spdlog::default_logger_raw()->log(level, spdlog::string_view_t(payload));
}

}  // namespace skiff
