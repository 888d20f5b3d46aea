# The libraries we stand on, each as one imported target. Debian 12 has no nng.pc, and calls
# msgpack-c's file msgpack.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(nng CONFIG REQUIRED)
foreach(package lmdb libpq libcurl libsodium jansson libmicrohttpd liboath cmocka)
    pkg_check_modules(${package} REQUIRED IMPORTED_TARGET ${package})
endforeach()
pkg_search_module(msgpack REQUIRED IMPORTED_TARGET msgpack-c msgpack)
