#include "api/base/log.h"

#include "api/base/json.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

namespace skiff {
namespace {

// The fields of the line that this thread logs at the moment; null: it has none. Lines are formatted by who logs them.
thread_local const LogFields* fields_of_line = nullptr;

std::string message_of(const spdlog::details::log_msg& line) { return {line.payload.data(), line.payload.size()}; }

void append(const std::string& text, spdlog::memory_buf_t& out) { out.append(text.data(), text.data() + text.size()); }

// `message name="value"`
class TextLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string text = message_of(line);
    if (fields_of_line == nullptr) return append(text, out);
    for (const auto& [name, value] : *fields_of_line) {
      text += ' ';
      text += name;
      text += '=';
      text += to_json_text(Json(value));
    }
    append(text, out);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<TextLine>(); }
};

// `"msg":"message","name":"value"`
class JsonLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& line, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string text = "\"msg\":" + to_json_text(Json(message_of(line)));
    if (fields_of_line == nullptr) return append(text, out);
    for (const auto& [name, value] : *fields_of_line) {
      text += ',';
      text += to_json_text(Json(name));
      text += ':';
      text += to_json_text(Json(value));
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
  fields_of_line = &fields;
  spdlog::default_logger_raw()->log(level, spdlog::string_view_t(message.data(), message.size()));
  fields_of_line = nullptr;
}

}  // namespace skiff
