# Writes a C++ source with the schema texts in it. Run as a script: cmake -D OUTPUT=... -D SCHEMAS=a|b|... -P embed.cmake
string(REPLACE "|" ";" SCHEMAS "${SCHEMAS}")
set(sources)
set(count 0)
foreach(schema ${SCHEMAS})
  get_filename_component(name ${schema} NAME)
  file(READ ${schema} text)
  string(APPEND sources "    {\"${name}\", R\"schema(${text})schema\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Made from api/schemas/*.schema by embed.cmake.
#include \"api/schemas/schemas.h\"

#include <array>

namespace skiff::api::schemas {

static constexpr std::array<schema::Catalog::Source, ${count}> kTexts{{
${sources}}};

std::span<const schema::Catalog::Source> texts() { return kTexts; }

}  // namespace skiff::api::schemas
")
