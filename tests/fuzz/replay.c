/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main of a fuzz target where libFuzzer is not at hand: replays every file of a corpus, whole,
 * cut at every length, and with a fixed number of seeded changes. Memory is bounded, so that an
 * input which makes a decoder reserve much fails here too.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define INPUT_SIZE_MAX (1 << 20)
#define CUTS_MAX 2048
#define CHANGES 500

static uint8_t input[INPUT_SIZE_MAX], changed[INPUT_SIZE_MAX];

/* In memory of exactly its size, so that a sanitizer sees a read past the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    CF_ASSERT(exact != NULL);
    if (size > 0)
        memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* A few bytes replaced, or a piece taken out. */
static size_t change(uint64_t *seed, size_t size)
{
    memcpy(changed, input, size);
    if (size == 0)
        return 0;
    for (uint32_t i = next_random(seed) % 4; i > 0; i--)
        changed[next_random(seed) % size] = (uint8_t)next_random(seed);
    if (next_random(seed) % 4 == 0) {
        size_t start = next_random(seed) % size;
        size_t length = next_random(seed) % (size - start);
        memmove(changed + start, changed + start + length, size - start - length);
        return size - length;
    }
    changed[next_random(seed) % size] ^= (uint8_t)(1u << next_random(seed) % 8);
    return size;
}

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    CF_ASSERT(file != NULL);
    size_t size = fread(input, 1, sizeof input, file);
    fclose(file);

    run(input, size);
    for (size_t cut = 0; cut < size && cut < CUTS_MAX; cut++)
        run(input, cut);
    uint64_t seed = size;
    for (int i = 0; i < CHANGES; i++) {
        size_t changed_size = change(&seed, size);
        run(changed, changed_size);
    }
}

/* An address sanitizer reserves terabytes of shadow, so the bound is for builds without it. */
static void bound_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const struct rlimit limit = {.rlim_cur = 512u << 20, .rlim_max = 512u << 20};
    CF_ASSERT(setrlimit(RLIMIT_AS, &limit) == 0);
#endif
}

int main(int argc, char **argv)
{
    CF_ASSERT(argc == 2);
    bound_memory();
    DIR *corpus = opendir(argv[1]);
    if (corpus == NULL) {
        fprintf(stderr, "no corpus at %s\n", argv[1]);
        return 2;
    }
    int files = 0;
    for (struct dirent *entry; (entry = readdir(corpus)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        replay(path);
        files++;
    }
    closedir(corpus);
    printf("%d files replayed\n", files);
    return files > 0 ? 0 : 1;
}
