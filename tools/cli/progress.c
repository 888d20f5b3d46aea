/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/progress.h"

#include "core/base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define DRAW_EVERY_US 100000
#define LINE_SIZE 256

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void cf_progress__line(const struct cf_progress *progress, int64_t elapsed_us, char *ret_line,
                       size_t size)
{
    int64_t elapsed_ms = elapsed_us / 1000;
    int64_t rate = elapsed_ms > 0 ? progress->done * 1000 / elapsed_ms : 0;
    if (progress->total <= 0) {
        snprintf(ret_line, size, "%s  %" PRId64 "  %" PRId64 "/s", progress->label, progress->done,
                 rate);
        return;
    }
    int64_t done = progress->done < progress->total ? progress->done : progress->total;
    char bar[BAR_WIDTH + 1];
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < done * BAR_WIDTH / progress->total ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    char left[32] = "";
    if (done > 0 && done < progress->total) {
        int64_t left_s = (progress->total - done) * elapsed_ms / done / 1000;
        snprintf(left, sizeof left, "  %" PRId64 ":%02" PRId64 " left", left_s / 60, left_s % 60);
    }
    snprintf(ret_line, size, "%s  [%s] %3" PRId64 "%%  %" PRId64 " of %" PRId64 "  %" PRId64 "/s%s",
             progress->label, bar, done * 100 / progress->total, progress->done, progress->total,
             rate, left);
}

static void draw(struct cf_progress *progress, int64_t now_us)
{
    char line[LINE_SIZE];
    cf_progress__line(progress, now_us - progress->began_us, line, sizeof line);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
    progress->drawn_us = now_us;
}

void cf_progress_begin(struct cf_progress *progress, const char *label, int64_t total)
{
    *progress = (struct cf_progress){
        .label = label,
        .total = total,
        .began_us = monotonic_us(),
        .visible = isatty(STDERR_FILENO) == 1,
    };
}

void cf_progress_set(struct cf_progress *progress, int64_t done)
{
    CF_ASSERT(progress->label != NULL);
    progress->done = done;
    if (!progress->visible)
        return;
    int64_t now_us = monotonic_us();
    if (now_us - progress->drawn_us >= DRAW_EVERY_US)
        draw(progress, now_us);
}

void cf_progress_advance(struct cf_progress *progress, int64_t more)
{
    cf_progress_set(progress, progress->done + more);
}

void cf_progress_hide(struct cf_progress *progress)
{
    if (!progress->visible)
        return;
    fputs("\r\033[K", stderr);
    progress->drawn_us = 0;
}

void cf_progress_end(struct cf_progress *progress)
{
    if (!progress->visible)
        return;
    draw(progress, monotonic_us());
    fputc('\n', stderr);
}
