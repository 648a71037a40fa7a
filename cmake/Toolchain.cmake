# Sets up the compiler cache, the linker and the warnings.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # With precompiled headers ccache must ignore these differences (see "Precompiled headers" in its manual).
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" "CCACHE_NOHASHDIR=1" ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.1)
  add_link_options(-fuse-ld=mold)
endif()

add_library(zimage_warnings INTERFACE)
target_compile_options(zimage_warnings INTERFACE -Wall -Wextra $<$<BOOL:${ZIMAGE_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 wrongly reports uninitialised members in libtorch's inlined std::optional.
  target_compile_options(zimage_warnings INTERFACE -Wno-maybe-uninitialized)
  # With this, ccache hashes a precompiled header through the preprocessor's output.
  target_compile_options(zimage_warnings INTERFACE -fpch-preprocess)
endif()
