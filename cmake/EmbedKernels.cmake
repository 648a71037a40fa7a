# Puts the kernels' sources into the program, where NVRTC compiles them at run time.
#
# Included, it adds the generated source to zimage_nn. Run as a script, it writes that source: SOURCE is the folder src/,
# OUTPUT the file. It begins with cuda_entries.h and follows the includes.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(_kernels "${PROJECT_BINARY_DIR}/generated/kernel_sources.cpp")
  file(GLOB _headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/nn/kernels/*.h")
  add_custom_command(OUTPUT "${_kernels}"
    COMMAND ${CMAKE_COMMAND} "-DSOURCE=${PROJECT_SOURCE_DIR}/src" "-DOUTPUT=${_kernels}" -P "${CMAKE_CURRENT_LIST_FILE}"
    DEPENDS ${_headers} "${CMAKE_CURRENT_LIST_FILE}" COMMENT "Embedding the kernels' sources" VERBATIM)
  target_sources(zimage_nn PRIVATE "${_kernels}")
  set_source_files_properties("${_kernels}" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  return()
endif()

cmake_minimum_required(VERSION 3.22)  # a script has none of the project's policies
set(found "nn/kernels/cuda_entries.h")
set(rows "")
while(found)
  list(POP_FRONT found name)
  list(APPEND seen "${name}")
  file(READ "${SOURCE}/${name}" text)
  # A compiler may refuse string literals of more than 64 KiB, but none refuses several in a row.
  set(literals "")
  string(LENGTH "${text}" length)
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 part)
    string(APPEND literals "\n    R\"ZIMAGE(${part})ZIMAGE\"")
    math(EXPR at "${at} + 8000")
  endwhile()
  string(APPEND rows "    {\"${name}\",${literals}},\n")
  string(REGEX MATCHALL "#include \"[^\"]+\"" includes "${text}")
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "#include \"(.*)\"" "\\1" include "${include}")
    if(NOT include IN_LIST seen AND NOT include IN_LIST found)
      list(APPEND found "${include}")
    endif()
  endforeach()
endwhile()
file(WRITE "${OUTPUT}" "// Written by cmake/EmbedKernels.cmake.
#include \"nn/kernels/cuda_sources.h\"

namespace zimage::nn::kernels {
namespace {

constexpr KernelSource kSources[] = {
${rows}};

}  // namespace

std::span<const KernelSource> kernel_sources() { return kSources; }

}  // namespace zimage::nn::kernels
")
