# The project's own target functions. Every library of the compiler floors is a
# static archive linked only against the dylibs MLIR and LLVM: listing MLIR's
# archives (MLIRIR, MLIRPass ...) would give each consumer a second copy of MLIR.

# hinm_target_defaults(<target>): include paths and warnings of our own code.
function(hinm_target_defaults target)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:include>)
  target_compile_options(${target} PRIVATE ${HINM_WARNING_FLAGS})
endfunction()

# hinm_export(<targets>...): what find_package(hinm) offers, as hinm::<target>.
function(hinm_export)
  install(TARGETS ${ARGN} EXPORT hinmTargets ARCHIVE LIBRARY)
endfunction()

# hinm_add_core_library(<name> <sources>...): floor 1a, LLVM Support at most.
function(hinm_add_core_library name)
  add_library(${name} STATIC ${ARGN})
  hinm_target_defaults(${name})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_link_libraries(${name} PUBLIC LLVM)
  hinm_export(${name})
endfunction()

# hinm_add_library(<name> <sources>... [LINK <libs>...] [DEPENDS <targets>...])
function(hinm_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  hinm_target_defaults(${name})
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  hinm_export(${name})
endfunction()

# hinm_add_tool(<name> <sources>... [LINK <libs>...])
function(hinm_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  hinm_target_defaults(${name})
  target_include_directories(${name} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  target_compile_options(${name} PRIVATE -fno-exceptions)
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  install(TARGETS ${name} RUNTIME)
endfunction()

# hinm_add_unittest(<name> <sources>... [LINK <libs>...]): a GoogleTest binary
# known to ctest; `check-hinm-unit` builds and runs all of them.
function(hinm_add_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  hinm_target_defaults(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/unittests)
  add_test(NAME ${name} COMMAND ${name})
  set_property(GLOBAL APPEND PROPERTY HINM_UNITTESTS ${name})
endfunction()
