# cf_embed(TARGET SYMBOL HEADER_NAME FILE…): puts files into the program, byte for byte, as one table
# of {name, bytes} called SYMBOL (see core/base/embedded.h). The name is the path below the source tree.
function(cf_embed target symbol)
    set(output ${CMAKE_BINARY_DIR}/generated/${symbol}.c)
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol} -DROOT=${CMAKE_SOURCE_DIR}
                "-DFILES=${ARGN}" -P ${CMAKE_SOURCE_DIR}/tools/cmake/embed_files.cmake
        DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/tools/cmake/embed_files.cmake
        VERBATIM)
    target_sources(${target} PRIVATE ${output})
endfunction()
