# Makes a wheel's tree of what `cmake --install` installs; scikit-build-core sets SKBUILD and these folders.
install(CODE "set(data \"${SKBUILD_DATA_DIR}\")\nset(licenses \"${SKBUILD_METADATA_DIR}/licenses\")")
install(SCRIPT "${CMAKE_CURRENT_LIST_DIR}/wheel/finish.cmake")
