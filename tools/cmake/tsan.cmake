# cmake -C tools/cmake/tsan.cmake -S . -B build/tsan -G Ninja
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g" CACHE STRING "")
set(CF_SANITIZE "thread" CACHE STRING "")
