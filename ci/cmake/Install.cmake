# What `cmake --install` adds to the libraries, headers and the command of harness/CMakeLists.txt: the package that
# find_package(selfconnect) reads, the catalog of clients, and the documentation.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/selfconnect)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/selfconnectConfig.cmake.in
  ${PROJECT_BINARY_DIR}/selfconnectConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/selfconnectConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/selfconnectConfig.cmake ${PROJECT_BINARY_DIR}/selfconnectConfigVersion.cmake
  DESTINATION ${package_dir})
install(EXPORT selfconnectTargets NAMESPACE selfconnect:: DESTINATION ${package_dir})

file(GLOB catalog CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/targets/catalog/*.toml)
install(FILES ${catalog} DESTINATION ${CMAKE_INSTALL_DATADIR}/selfconnect/catalog)
file(GLOB docs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${docs} ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# What has to be built for it: `cmake --build --preset release --target installed`. Tests and benchmarks need not be.
add_custom_target(installed DEPENDS selfconnect selfconnect_vnet selfconnect_vnet_client selfconnect_vnet_session
  selfconnect_vnet_entry $<TARGET_NAME_IF_EXISTS:selfconnect_coverage>)
