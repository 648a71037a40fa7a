# Puts the files of the report's page into the program.
#
# Included, it adds the generated source to zimage_app. Run as a script, it writes that source: SOURCE is the folder
# src/app/page, OUTPUT the file.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(_folder "${PROJECT_SOURCE_DIR}/src/app/page")
  set(_page "${PROJECT_BINARY_DIR}/generated/page_sources.cpp")
  add_custom_command(OUTPUT "${_page}"
    COMMAND ${CMAKE_COMMAND} "-DSOURCE=${_folder}" "-DOUTPUT=${_page}" -P "${CMAKE_CURRENT_LIST_FILE}"
    DEPENDS "${_folder}/page.html" "${_folder}/page.css" "${_folder}/page.js" "${CMAKE_CURRENT_LIST_FILE}"
    COMMENT "Embedding the report's page" VERBATIM)
  target_sources(zimage_app PRIVATE "${_page}")
  return()
endif()

set(functions "")
foreach(row template:page.html style:page.css script:page.js)
  string(REPLACE ":" ";" row "${row}")
  list(GET row 0 function)
  list(GET row 1 name)
  file(READ "${SOURCE}/${name}" text)
  string(APPEND functions "std::string_view page_${function}() { return R\"ZIMAGE(${text})ZIMAGE\"; }\n\n")
endforeach()
file(WRITE "${OUTPUT}" "// Written by cmake/EmbedPage.cmake.
#include \"app/page/page_sources.h\"

namespace zimage::app {

${functions}}  // namespace zimage::app
")
