# cmake -C tools/cmake/fuzz.cmake -S . -B build/fuzz -G Ninja
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g" CACHE STRING "")
set(CF_SANITIZE "address,undefined" CACHE STRING "")
set(CF_FUZZ ON CACHE BOOL "")
set(CMAKE_C_COMPILER clang CACHE STRING "")
