#include "nodeagent/runtime/oci/helpers.h"

// SKIFF_HELPERS is the directory that CMake builds the programs into.
#define SKIFF_EMBED(symbol, file)           \
  asm(".section .rodata\n"                  \
      ".global " #symbol "_begin\n" #symbol \
      "_begin:\n"                           \
      ".incbin \"" SKIFF_HELPERS "/" file   \
      "\"\n"                                \
      ".global " #symbol "_end\n" #symbol   \
      "_end:\n"                             \
      ".previous\n");                       \
  extern "C" const char symbol##_begin[];   \
  extern "C" const char symbol##_end[]

SKIFF_EMBED(skiff_pause_program, "pause");
SKIFF_EMBED(skiff_legacy_view_program, "legacy_view");
SKIFF_EMBED(skiff_shim_program, "shim");

namespace skiff::nodeagent::oci {

std::string_view pause_program() { return {skiff_pause_program_begin, skiff_pause_program_end}; }
std::string_view legacy_view_program() { return {skiff_legacy_view_program_begin, skiff_legacy_view_program_end}; }
std::string_view shim_program() { return {skiff_shim_program_begin, skiff_shim_program_end}; }

}  // namespace skiff::nodeagent::oci
