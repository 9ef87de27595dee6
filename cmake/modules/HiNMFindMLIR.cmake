# Finds the installed MLIR 22 and the test tools that come with it.

find_package(MLIR 22.1 REQUIRED CONFIG)
message(STATUS "Using MLIR ${LLVM_PACKAGE_VERSION} in ${MLIR_DIR}")
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
set(LLVM_RUNTIME_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${PROJECT_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${PROJECT_BINARY_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Debian ships lit as `lit`, not as the `llvm-lit` that AddLLVM expects.
find_program(LLVM_EXTERNAL_LIT NAMES llvm-lit lit lit-22
  HINTS ${LLVM_TOOLS_BINARY_DIR} NO_DEFAULT_PATH)
if(NOT LLVM_EXTERNAL_LIT)
  message(FATAL_ERROR "lit not found in ${LLVM_TOOLS_BINARY_DIR}: install the package llvm-22-tools")
endif()
