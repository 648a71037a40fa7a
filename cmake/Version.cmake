# Finds the version and the commit; only src/base/version.cpp is compiled with them.
execute_process(COMMAND git -C "${PROJECT_SOURCE_DIR}" rev-parse --short=12 HEAD
                OUTPUT_VARIABLE ZIMAGE_GIT_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT ZIMAGE_GIT_COMMIT)
  set(ZIMAGE_GIT_COMMIT "unknown")
endif()
# The man page carries the commit's date, so that the same commit gives the same page.
execute_process(COMMAND git -C "${PROJECT_SOURCE_DIR}" log -1 --format=%cs
                OUTPUT_VARIABLE ZIMAGE_COMMIT_DATE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
configure_file("${PROJECT_SOURCE_DIR}/cmake/version_config.h.in" "${PROJECT_BINARY_DIR}/generated/version_config.h" @ONLY)
