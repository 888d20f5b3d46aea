# cmake -C tools/cmake/asan.cmake -S . -B build/asan -G Ninja
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g" CACHE STRING "")
set(CF_SANITIZE "address,undefined" CACHE STRING "")
