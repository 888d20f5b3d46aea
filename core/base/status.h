/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_STATUS_H
#define CF_CORE_BASE_STATUS_H

/*
 * Status: the world failed.
 *
 * Coffer knows three kinds of bad news and never mixes them:
 *
 *   refusal   the domain said no. An `enum cf_<command>_verdict`; data, not an error.
 *   status    the world failed (this file). Returned, must be looked at.
 *   bug       we failed. CF_ASSERT (assert.h) ends the process.
 *
 * A function that can fail returns `enum cf_status` and, where a caller could use the details, takes
 * a caller-owned `struct cf_fault *reterr_fault` as its last argument. It may be NULL. It is written
 * only on failure.
 */

#include <stdint.h>

enum cf_status {
#define CF_STATUS(name, sentence) CF_##name,
#include "core/base/status.def"
#undef CF_STATUS
};

#define CF_MUST_CHECK __attribute__((warn_unused_result))

/* Where and why a call failed. Plain data, owned by the caller; zero-initialise before use. */
struct cf_fault {
    enum cf_status status;
    int line;
    const char *file;
    const char *text;  /* what failed; static */
    int64_t offset;    /* byte offset in the input, or -1 where it means nothing */
    char detail[192];  /* what it failed on: a path, a field, a library's message; may be empty */
};

/* The status's name, such as "CORRUPT"; static. */
const char *cf_status_name(enum cf_status status);

/* The status's sentence; static. */
const char *cf_status_sentence(enum cf_status status);

/* Fills a fault (if there is one) and returns the status. Use through CF_FAIL. */
enum cf_status cf_fault_set(struct cf_fault *reterr_fault, enum cf_status status, const char *file,
                            int line, const char *text);

/* As cf_fault_set, with a byte offset. */
enum cf_status cf_fault_set_at(struct cf_fault *reterr_fault, enum cf_status status,
                               const char *file, int line, const char *text, int64_t offset);

/* Adds (printf style) what the call failed on; truncates. Returns the fault's status, or OK for NULL. */
enum cf_status cf_fault_detail(struct cf_fault *reterr_fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Returns from the calling function when the call failed; the fault is already filled below. */
#define CF_TRY(call)                                                                               \
    do {                                                                                           \
        enum cf_status cf_try_status_ = (call);                                                    \
        if (cf_try_status_ != CF_OK)                                                               \
            return cf_try_status_;                                                                 \
    } while (0)

/* Fails the calling function. */
#define CF_FAIL(fault, status, text)                                                               \
    return cf_fault_set((fault), (status), __FILE__, __LINE__, (text))

/* Fails the calling function, saying at which byte of its input. */
#define CF_FAIL_AT(fault, status, text, offset)                                                    \
    return cf_fault_set_at((fault), (status), __FILE__, __LINE__, (text), (int64_t)(offset))

/* Fails the calling function, saying (printf style) on what. */
#define CF_FAIL_ON(fault, status, text, ...)                                                       \
    do {                                                                                           \
        struct cf_fault *cf_fail_fault_ = (fault);                                                 \
        cf_fault_set(cf_fail_fault_, (status), __FILE__, __LINE__, (text));                        \
        cf_fault_detail(cf_fail_fault_, __VA_ARGS__);                                              \
        return (status);                                                                           \
    } while (0)

#endif
