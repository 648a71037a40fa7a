# Finds libtorch in a Python wheel, an unpacked archive or a distribution's package.
#
# Torch's own TorchConfig.cmake demands a whole CUDA toolkit (nvcc, of exactly the right version) if the library was
# built with CUDA. Nothing here is compiled by nvcc, and a machine that only runs the model seldom has it. So this takes
# the libraries and headers as they are, from where TorchConfig.cmake lies.
#
# Searches Torch_DIR, then CMAKE_PREFIX_PATH (variable and environment; a Python's site-packages too), then for a Python
# package what its build imports, then the project's .venv, then the system.
# Defines Torch::Torch, Torch::OpenMP, Torch_PREFIX, Torch_LIBRARY_DIR, Torch_VERSION and Torch_CUDA (whether it was
# built with CUDA); with CUDA and its runtime's headers also Torch::CUDA, for sources that include c10/cuda.

file(TO_CMAKE_PATH "$ENV{CMAKE_PREFIX_PATH}" _torch_environment)
file(GLOB _torch_venv "${PROJECT_SOURCE_DIR}/.venv/lib/python3.*/site-packages/torch")
# pip puts what a backend asks for into a folder of its own, which only Python knows.
set(_torch_build "")
if(SKBUILD AND Python_EXECUTABLE)
  execute_process(COMMAND "${Python_EXECUTABLE}" -c
      "import importlib.util as i; s = i.find_spec('torch'); print(*s.submodule_search_locations if s else ())"
    OUTPUT_VARIABLE _torch_build OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
find_path(Torch_CONFIG_DIR TorchConfig.cmake
  PATHS "${Torch_DIR}" ${CMAKE_PREFIX_PATH} ${_torch_environment} "${_torch_build}" ${_torch_venv} /usr/local /usr
  PATH_SUFFIXES Torch share/cmake/Torch lib/cmake/Torch torch/share/cmake/Torch
  NO_DEFAULT_PATH NO_CACHE)

if(Torch_CONFIG_DIR)
  get_filename_component(Torch_PREFIX "${Torch_CONFIG_DIR}/../../.." ABSOLUTE)
  include("${Torch_CONFIG_DIR}/TorchConfigVersion.cmake" OPTIONAL)
  set(Torch_VERSION "${PACKAGE_VERSION}")
endif()

# Nothing is cached: another CMAKE_PREFIX_PATH in the same build folder must not keep the old libraries.
foreach(_name torch_cpu c10 torch_cuda c10_cuda)
  find_library(Torch_${_name}_LIBRARY ${_name} PATHS "${Torch_PREFIX}/lib" NO_DEFAULT_PATH NO_CACHE)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Torch
  REQUIRED_VARS Torch_CONFIG_DIR Torch_torch_cpu_LIBRARY Torch_c10_LIBRARY
  VERSION_VAR Torch_VERSION
  REASON_FAILURE_MESSAGE "Run scripts/setup, or name an existing libtorch: cmake -DCMAKE_PREFIX_PATH=/path/to/libtorch")

if(Torch_FOUND AND NOT TARGET Torch::Torch)
  get_filename_component(Torch_LIBRARY_DIR "${Torch_torch_cpu_LIBRARY}" DIRECTORY)
  foreach(_name torch_cpu c10)
    add_library(Torch::${_name} SHARED IMPORTED)
    set_target_properties(Torch::${_name} PROPERTIES IMPORTED_LOCATION "${Torch_${_name}_LIBRARY}")
  endforeach()
  add_library(Torch::Torch INTERFACE IMPORTED)
  set_target_properties(Torch::Torch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${Torch_PREFIX}/include"
    INTERFACE_LINK_LIBRARIES "Torch::torch_cpu;Torch::c10")

  # at::parallel_for is defined in a header: without OpenMP in its caller it runs on one thread. The runtime must be
  # libtorch's own, because a second one would have its own threads and ignore at::set_num_threads(). GCC's code runs on
  # every runtime that libtorch may bring; other compilers' code needs LLVM's.
  set(Torch_OPENMP_LIBRARY "")
  add_library(Torch::OpenMP INTERFACE IMPORTED)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    file(GLOB _torch_openmp "${Torch_LIBRARY_DIR}/libiomp5.so" "${Torch_LIBRARY_DIR}/libgomp*.so*")
    if(_torch_openmp)
      list(GET _torch_openmp 0 Torch_OPENMP_LIBRARY)
    else()
      set(Torch_OPENMP_LIBRARY gomp)  # this libtorch uses the system's runtime
    endif()
    set_target_properties(Torch::OpenMP PROPERTIES
      INTERFACE_COMPILE_OPTIONS -fopenmp
      INTERFACE_LINK_LIBRARIES "${Torch_OPENMP_LIBRARY}")
    set_property(TARGET Torch::Torch APPEND PROPERTY INTERFACE_LINK_LIBRARIES Torch::OpenMP)
  endif()

  set(Torch_CUDA FALSE)
  if(Torch_torch_cuda_LIBRARY AND Torch_c10_cuda_LIBRARY)
    set(Torch_CUDA TRUE)
    # No symbol of libtorch_cuda is called by name: it registers itself when loaded. A linker that drops unused
    # libraries (Ubuntu's default) must not drop it.
    set_property(TARGET Torch::Torch APPEND PROPERTY INTERFACE_LINK_LIBRARIES
      "-Wl,--no-as-needed,\"${Torch_torch_cuda_LIBRARY}\",\"${Torch_c10_cuda_LIBRARY}\" -Wl,--as-needed")
    file(GLOB _torch_nvidia "${Torch_PREFIX}/../nvidia/cu[0-9]*" "${Torch_PREFIX}/../nvidia/cuda_runtime")
    set(_torch_toolkits ${_torch_nvidia} "$ENV{CUDA_HOME}" /usr/local/cuda)
    find_path(Torch_CUDA_INCLUDE_DIR cuda_runtime_api.h PATHS ${_torch_toolkits} PATH_SUFFIXES include
      NO_DEFAULT_PATH NO_CACHE)
    # The wheel has the runtime only under a versioned name.
    find_file(Torch_CUDART_LIBRARY NAMES libcudart.so.13 libcudart.so.12 libcudart.so
      PATHS ${_torch_toolkits} PATH_SUFFIXES lib lib64 NO_DEFAULT_PATH NO_CACHE)
    if(Torch_CUDA_INCLUDE_DIR AND Torch_CUDART_LIBRARY)
      add_library(Torch::CUDA INTERFACE IMPORTED)
      set_target_properties(Torch::CUDA PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${Torch_CUDA_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "Torch::Torch;${Torch_CUDART_LIBRARY}")
    endif()
  endif()
endif()
