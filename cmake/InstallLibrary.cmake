# The library for other projects: `cmake --install BUILD --component library`, or all of `cmake --install BUILD`.
# Installs the public headers, the static libraries and the CMake package `zimage`.
include(CMakePackageConfigHelpers)
set(zimage_package "${CMAKE_INSTALL_LIBDIR}/cmake/zimage")

target_include_directories(zimage INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_compile_features(zimage INTERFACE cxx_std_20)
install(TARGETS zimage zimage_torch zimage_utf8proc zimage_base zimage_image zimage_tokenizer zimage_weights zimage_nn
                zimage_models zimage_sampling zimage_inpaint zimage_pipeline
        EXPORT zimage ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library)
install(EXPORT zimage NAMESPACE zimage:: FILE zimageTargets.cmake DESTINATION "${zimage_package}" COMPONENT library)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/zimage" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT library)

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/zimageConfig.cmake.in" "${PROJECT_BINARY_DIR}/zimageConfig.cmake"
                              INSTALL_DESTINATION "${zimage_package}" NO_SET_AND_CHECK_MACRO
                              NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/zimageConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/zimageConfig.cmake" "${PROJECT_BINARY_DIR}/zimageConfigVersion.cmake"
              "${PROJECT_SOURCE_DIR}/cmake/FindTorch.cmake" DESTINATION "${zimage_package}" COMPONENT library)
