/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_SCOPE_H
#define CF_CORE_BASE_SCOPE_H

/*
 * Scope-owned things. `CF_CLEANUP(fn)` on a local calls fn(&local) when the scope ends; ownership
 * leaves with `CF_TAKE(pointer)`, which returns the value and leaves NULL behind. Destructors accept
 * NULL and half-built objects, so an early return needs no label.
 */

#include <stdlib.h>
#include <unistd.h>

#define CF_CLEANUP(fn) __attribute__((cleanup(fn)))

#define CF_TAKE(pointer)                                                                           \
    __extension__({                                                                                \
        __typeof__(pointer) cf_taken_ = (pointer);                                                 \
        (pointer) = NULL;                                                                          \
        cf_taken_;                                                                                 \
    })

/* Defines cf_scope_<destroy>, which passes the local's value to its destructor. */
#define CF_SCOPE_DEFINE(type, destroy)                                                             \
    __attribute__((unused)) static inline void cf_scope_##destroy(type *local)                     \
    {                                                                                              \
        destroy(*local);                                                                           \
    }

/* CF_CLEANUP(cf_scope_free) char *text = NULL; */
static inline void cf_scope_free(void *local)
{
    free(*(void **)local);
}

/* CF_CLEANUP(cf_scope_close) int fd = -1; */
static inline void cf_scope_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#endif
