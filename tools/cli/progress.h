/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_PROGRESS_H
#define CF_TOOLS_CLI_PROGRESS_H

/*
 * Progress of something long, on stderr: a bar, the rate and the time left when stderr is a terminal, as wide as
 * it has room for; nothing at all in a pipe. Advance as often as you like; it draws ten times a second at
 * most.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_progress {
    const char *label; /* what is being done; borrowed until cf_progress_end */
    int64_t total;     /* 0 when nobody knows: then there is a count and a rate, no bar */
    int64_t done;
    int64_t began_us;
    int64_t drawn_us;
    bool visible;
};

void cf_progress_begin(struct cf_progress *progress, const char *label, int64_t total);
void cf_progress_set(struct cf_progress *progress, int64_t done);
void cf_progress_advance(struct cf_progress *progress, int64_t more);

/* Clears the line, so that what is printed next starts clean; the next advance draws it again. */
void cf_progress_hide(struct cf_progress *progress);

/* Draws the end state and leaves the line. */
void cf_progress_end(struct cf_progress *progress);

/* The line that is drawn after elapsed_us: at most `columns` characters, and `size` bytes with the NUL. */
void cf_progress__line(const struct cf_progress *progress, int64_t elapsed_us, size_t columns,
                       char *ret_line, size_t size);

#endif
