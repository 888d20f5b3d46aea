/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/progress.h"

#include "core/base/assert.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH_MAX 40
#define BAR_WIDTH_MIN 8
#define COLUMNS_USUAL 80 /* of a terminal that does not tell */
#define DRAW_EVERY_US 100000
#define LINE_SIZE 256

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The bar fills what the texts leave of the line, but for its brackets and a blank; none where that is too narrow. */
static void make_bar(char ret_bar[BAR_WIDTH_MAX + 8], int64_t done, int64_t total, size_t columns,
                     size_t texts_size)
{
    size_t used = texts_size + strlen("[] ");
    size_t width = columns > used ? columns - used : 0;
    if (width > BAR_WIDTH_MAX)
        width = BAR_WIDTH_MAX;
    ret_bar[0] = '\0';
    if (width < BAR_WIDTH_MIN)
        return;
    size_t full = (size_t)(done * (int64_t)width / total);
    char dots[BAR_WIDTH_MAX + 1];
    memset(dots, '.', width);
    memset(dots, '#', full);
    snprintf(ret_bar, BAR_WIDTH_MAX + 8, "[%.*s] ", (int)width, dots);
}

void cf_progress__line(const struct cf_progress *progress, int64_t elapsed_us, size_t columns,
                       char *ret_line, size_t size)
{
    int64_t elapsed_ms = elapsed_us / 1000;
    int64_t rate = elapsed_ms > 0 ? progress->done * 1000 / elapsed_ms : 0;
    size_t shown = columns < size ? columns + 1 : size; /* with the NUL; a longer line would wrap */
    if (progress->total <= 0) {
        snprintf(ret_line, shown, "%s  %" PRId64 "  %" PRId64 "/s", progress->label, progress->done,
                 rate);
        return;
    }
    int64_t done = progress->done < progress->total ? progress->done : progress->total;
    char left[32] = "", texts[LINE_SIZE / 2], bar[BAR_WIDTH_MAX + 8];
    if (done > 0 && done < progress->total) {
        int64_t left_s = (progress->total - done) * elapsed_ms / done / 1000;
        snprintf(left, sizeof left, "  %" PRId64 ":%02" PRId64 " left", left_s / 60, left_s % 60);
    }
    int texts_size =
        snprintf(texts, sizeof texts, "%3" PRId64 "%%  %" PRId64 " of %" PRId64 "  %" PRId64 "/s%s",
                 done * 100 / progress->total, progress->done, progress->total, rate, left);
    make_bar(bar, done, progress->total, columns,
             strlen(progress->label) + strlen("  ") + (size_t)texts_size);
    snprintf(ret_line, shown, "%s  %s%s", progress->label, bar, texts);
}

/* One less than the terminal has: a full line makes some of them wrap. */
static size_t terminal_columns(void)
{
    struct winsize window;
    bool told = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
    return (told ? window.ws_col : COLUMNS_USUAL) - 1;
}

static void draw(struct cf_progress *progress, int64_t now_us)
{
    char line[LINE_SIZE];
    cf_progress__line(progress, now_us - progress->began_us, terminal_columns(), line, sizeof line);
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
