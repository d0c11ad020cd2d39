# Builds the freestanding programs of this folder, which helpers.cc takes into the agent.
set(helpers_source_dir ${CMAKE_CURRENT_LIST_DIR})
set(helpers_binary_dir ${CMAKE_CURRENT_BINARY_DIR}/helpers)
file(MAKE_DIRECTORY ${helpers_binary_dir})
set(pause_sources pause.c)
set(legacy_view_sources legacy_view.c)
set(shim_sources shim.c shim_attach.c shim_create.c shim_exit.c shim_log.c shim_memory.c)
file(GLOB helper_headers CONFIGURE_DEPENDS ${helpers_source_dir}/*.h)
foreach(helper pause legacy_view shim)
  list(TRANSFORM ${helper}_sources PREPEND ${helpers_source_dir}/)
  add_custom_command(
    OUTPUT ${helpers_binary_dir}/${helper}
    COMMAND ${CMAKE_C_COMPILER} -Os -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -ffreestanding -fno-stack-protector
            -fno-asynchronous-unwind-tables -fno-pie -no-pie -static -nostdlib -s
            -Wl,--build-id=none,-z,noseparate-code,-z,norelro
            -o ${helpers_binary_dir}/${helper} ${${helper}_sources}
    DEPENDS ${${helper}_sources} ${helper_headers}
    VERBATIM)
  list(APPEND helper_programs ${helpers_binary_dir}/${helper})
endforeach()
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/runtime/oci/helpers.cc PROPERTIES
  COMPILE_DEFINITIONS SKIFF_HELPERS="${helpers_binary_dir}"
  OBJECT_DEPENDS "${helper_programs}")
