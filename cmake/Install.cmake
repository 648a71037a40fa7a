# `cmake --install` installs the executable, the demo model, Qwen's tokenizer, the man page and the shell completions.
# The executable looks for libtorch where it was found for the build, with the same search path as in the build folder, so that
# installing doesn't change it.
set_target_properties(zimage-inpaint PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${Torch_LIBRARY_DIR}"
  INSTALL_RPATH_USE_LINK_PATH TRUE
  BUILD_WITH_INSTALL_RPATH TRUE)
install(TARGETS zimage-inpaint RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
if(EXISTS "${PROJECT_SOURCE_DIR}/models/demo")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/models/demo" DESTINATION "${CMAKE_INSTALL_DATADIR}/zimage-inpaint/models")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/data/tokenizer" DESTINATION "${CMAKE_INSTALL_DATADIR}/zimage-inpaint")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# The program writes its own man page and completions. A cross build can't run it and leaves them out.
if(NOT CMAKE_CROSSCOMPILING)
  set(zimage_generated "${PROJECT_BINARY_DIR}/generated")
  set(zimage_generated_files)
  # zimage_generated_file(<file name> <folder below share/> <subcommand>...)
  function(zimage_generated_file name folder)
    add_custom_command(OUTPUT "${zimage_generated}/${name}"
      COMMAND ${CMAKE_COMMAND} -E make_directory "${zimage_generated}"
      COMMAND ${CMAKE_COMMAND} -E env --unset=LSAN_OPTIONS ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:zimage-inpaint> ${ARGN}
              > "${zimage_generated}/${name}"
      DEPENDS zimage-inpaint VERBATIM)
    set(zimage_generated_files ${zimage_generated_files} "${zimage_generated}/${name}" PARENT_SCOPE)
    install(FILES "${zimage_generated}/${name}" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/${folder}")
  endfunction()
  zimage_generated_file(zimage-inpaint.1 man/man1 man)
  zimage_generated_file(zimage-inpaint bash-completion/completions completion bash)
  zimage_generated_file(_zimage-inpaint zsh/site-functions completion zsh)
  zimage_generated_file(zimage-inpaint.fish fish/vendor_completions.d completion fish)
  add_custom_target(zimage_generated ALL DEPENDS ${zimage_generated_files})
endif()
