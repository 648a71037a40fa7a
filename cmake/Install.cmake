# `cmake --install`: the executable, which finds libtorch where it was built against, and the demo model.
set_target_properties(zimage-inpaint PROPERTIES
  INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${Torch_LIBRARY_DIR}")
install(TARGETS zimage-inpaint RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
if(EXISTS "${PROJECT_SOURCE_DIR}/models/demo")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/models/demo" DESTINATION "${CMAKE_INSTALL_DATADIR}/zimage-inpaint/models")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
