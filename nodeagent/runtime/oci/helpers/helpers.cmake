# Builds the freestanding programs of this folder, which helpers.cc takes into the agent.
set(helpers_source_dir ${CMAKE_CURRENT_LIST_DIR})
set(helpers_binary_dir ${CMAKE_CURRENT_BINARY_DIR}/helpers)
file(MAKE_DIRECTORY ${helpers_binary_dir})
foreach(helper pause legacy_view)
  add_custom_command(
    OUTPUT ${helpers_binary_dir}/${helper}
    COMMAND ${CMAKE_C_COMPILER} -Os -std=c11 -Wall -Wextra -Werror -ffreestanding -fno-stack-protector
            -fno-asynchronous-unwind-tables -fno-pie -no-pie -static -nostdlib -s
            -Wl,--build-id=none,-z,noseparate-code,-z,norelro,-n
            -o ${helpers_binary_dir}/${helper} ${helpers_source_dir}/${helper}.c
    DEPENDS ${helpers_source_dir}/${helper}.c ${helpers_source_dir}/syscalls.h
    VERBATIM)
  list(APPEND helper_programs ${helpers_binary_dir}/${helper})
endforeach()
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/runtime/oci/helpers.cc PROPERTIES
  COMPILE_DEFINITIONS SKIFF_HELPERS="${helpers_binary_dir}"
  OBJECT_DEPENDS "${helper_programs}")
