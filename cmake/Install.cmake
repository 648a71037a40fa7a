# `cmake --install`: the executable, which finds libtorch where it was built against, the demo model, the man page and
# the shells' completions.
# The build folder's executable has the same search path, so that installing it changes nothing.
set_target_properties(zimage-inpaint PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${Torch_LIBRARY_DIR}"
  INSTALL_RPATH_USE_LINK_PATH TRUE
  BUILD_WITH_INSTALL_RPATH TRUE)
install(TARGETS zimage-inpaint RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
if(EXISTS "${PROJECT_SOURCE_DIR}/models/demo")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/models/demo" DESTINATION "${CMAKE_INSTALL_DATADIR}/zimage-inpaint/models")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# The program writes its own man page and completions. Built for another machine it can't be run here, and they are left out.
if(NOT CMAKE_CROSSCOMPILING)
  set(zimage_talk "${PROJECT_BINARY_DIR}/talk")
  set(zimage_talk_files)
  # zimage_talk_file(<file name> <folder below share/> <subcommand>...)
  function(zimage_talk_file name folder)
    add_custom_command(OUTPUT "${zimage_talk}/${name}"
      COMMAND ${CMAKE_COMMAND} -E make_directory "${zimage_talk}"
      COMMAND ${CMAKE_COMMAND} -E env --unset=LSAN_OPTIONS ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:zimage-inpaint> ${ARGN}
              > "${zimage_talk}/${name}"
      DEPENDS zimage-inpaint VERBATIM)
    set(zimage_talk_files ${zimage_talk_files} "${zimage_talk}/${name}" PARENT_SCOPE)
    install(FILES "${zimage_talk}/${name}" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/${folder}")
  endfunction()
  zimage_talk_file(zimage-inpaint.1 man/man1 man)
  zimage_talk_file(zimage-inpaint bash-completion/completions completion bash)
  zimage_talk_file(_zimage-inpaint zsh/site-functions completion zsh)
  zimage_talk_file(zimage-inpaint.fish fish/vendor_completions.d completion fish)
  add_custom_target(zimage_talk ALL DEPENDS ${zimage_talk_files})
endif()
