/* Runs functions that lowbit compiled, on the machine that they were compiled for.
 *
 *     driver [--library FILE] JOBS INPUTS OUTPUTS
 *
 * JOBS is a text, a job a line, with a tabulator between its words:
 *
 *     FUNCTION PLACE CALLS SECONDS BUFFER...
 *
 * A BUFFER is `i:POSITION:BYTES:UNIT`, an input that lies at that position of the file INPUTS,
 * `o:BYTES:UNIT`, an output, which is appended to the file OUTPUTS, or `w:BYTES:UNIT`, a workspace.
 * The function gets their addresses in that order. Each lies between two pages that nobody may
 * touch. PLACE is `end`, where its last byte is the last one before such a page, `start`, where its
 * first byte is the first one behind one, or `+N`: N of its UNITs behind a multiple of 64 bytes. It
 * may be several places with commas between, one for each buffer; the last is that of all that
 * follow.
 *
 * The function is called CALLS times, at least once. A workspace is zeroed before the first call,
 * outputs are filled with ones and zeros in turn before each. With SECONDS above 0 it is called
 * for so long after that, and timed.
 *
 * For each job that is done, standard output gets a line of JSON:
 *
 *     {"changed": -1, "strayed": -1, "unsteady": -1,
 *      "calls": 10, "nanoseconds": [1234.5], "cycles": [2469.0]}
 *
 * `changed` is the number of the first buffer that is an input and was written to, `strayed` that
 * of the first one that was written to outside of its bytes, `unsteady` that of the first output
 * that differs from call to call; -1 where there is none. `nanoseconds` are those of a call, a
 * number for each sample of so many `calls`; `cycles` are the same time in units of a dependent
 * addition, or empty where this file does not know the processor.
 *
 * Compiled with calls.h (a case for each number of arguments) and linked with kernels and a table
 * of them; or, with -DLOWBIT_DLOPEN, with neither: then it looks functions up in the library.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef LOWBIT_DLOPEN
#include <dlfcn.h>
#endif

typedef void (*function_t)(void);

enum { MOST_BUFFERS = 32, LINE = 64, CANARY = 0xA5, MOST_SAMPLES = 4096 };

static void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

/* ---- Functions ----------------------------------------------------------------------------- */

#ifdef LOWBIT_DLOPEN
static void *library;

static function_t find_function(const char *name)
{
    function_t found = NULL;
    *(void **)&found = dlsym(library, name);
    if (!found)
        fail("the library has no function %s", name);
    return found;
}
#else
struct function {
    const char *name;
    function_t address;
};
extern const struct function lowbit_functions[]; /* the last name is NULL */

static function_t find_function(const char *name)
{
    for (const struct function *f = lowbit_functions; f->name; f++)
        if (!strcmp(f->name, name))
            return f->address;
    fail("the program has no function %s", name);
    return NULL;
}
#endif

static void call(function_t f, void *const *p, int count)
{
    switch (count) {
#include "calls.h"
    default:
        fail("a function of %d buffers: at most %d are allowed", count, MOST_BUFFERS);
    }
}

/* ---- Buffers ------------------------------------------------------------------------------- */

struct buffer {
    char kind;
    size_t position, bytes, unit;
    unsigned char *mapping, *first, *data; /* the guarded pages, what lies between them */
    size_t mapped, room;
    unsigned char *copy; /* of an output, after the first call */
};

static size_t page_size;

/* The place of buffer `index` in PLACE, as a string of its own. */
static const char *place_of(const char *places, int index)
{
    static char word[LINE];
    for (int i = 0; i < index && strchr(places, ','); i++)
        places = strchr(places, ',') + 1;
    size_t length = strcspn(places, ",");
    if (length >= sizeof word)
        fail("a buffer lies at end, start or +N, not at %s", places);
    memcpy(word, places, length);
    word[length] = 0;
    return word;
}

static void place(struct buffer *b, const char *where)
{
    size_t pages = (b->bytes + b->unit * LINE + LINE + page_size - 1) / page_size;
    b->room = pages * page_size;
    b->mapped = b->room + 2 * page_size;
    b->mapping = mmap(NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b->mapping == MAP_FAILED)
        fail("no memory for a buffer of %zu bytes", b->bytes);
    b->first = b->mapping + page_size;
    if (mprotect(b->mapping, page_size, PROT_NONE) ||
        mprotect(b->first + b->room, page_size, PROT_NONE))
        fail("mprotect: %s", strerror(errno));
    if (!strcmp(where, "start")) {
        b->data = b->first;
    } else if (!strcmp(where, "end")) {
        b->data = b->first + b->room - b->bytes;
    } else if (where[0] == '+') {
        size_t offset = strtoul(where + 1, NULL, 10) % LINE * b->unit;
        uintptr_t most = (uintptr_t)b->first + b->room - b->bytes - offset;
        b->data = (unsigned char *)(most / LINE * LINE + offset);
    } else {
        fail("a buffer lies at end, start or +N, not at %s", where);
    }
    memset(b->first, CANARY, b->room);
}

static int strayed(const struct buffer *b)
{
    for (const unsigned char *p = b->first; p < b->data; p++)
        if (*p != CANARY)
            return 1;
    for (const unsigned char *p = b->data + b->bytes; p < b->first + b->room; p++)
        if (*p != CANARY)
            return 1;
    return 0;
}

/* ---- Time ---------------------------------------------------------------------------------- */

static double now(void) /* in nanoseconds */
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

#if defined(__x86_64__)
#define ADD "add %1, %0\n"
#elif defined(__aarch64__) || defined(__arm__)
#define ADD "add %0, %0, %1\n"
#endif

#ifdef ADD
#define ADD4 ADD ADD ADD ADD
#define ADD16 ADD4 ADD4 ADD4 ADD4
/* Written out: compilers count lines to know how far away constants lie. */
#define ADD64 ADD16 ADD16 ADD16 ADD16
enum { CHAIN = 64, SHORT = 200, LONG = 1000 };

static double chain(int rounds)
{
    double best = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        double start = now();
        uintptr_t sum = 0, one = 1;
        for (int i = 0; i < rounds; i++)
            __asm__ volatile(ADD64 : "+r"(sum) : "r"(one) : "cc");
        double elapsed = now() - start;
        if (!attempt || elapsed < best)
            best = elapsed;
    }
    return best;
}

/* Time of one dependent addition now. The difference of two chains holds neither the reading of the
 * clock nor the first round; an interrupt makes either longer, so the shorter of two counts. */
static double nanoseconds_per_cycle(void)
{
    for (;;) {
        double difference = chain(LONG) - chain(SHORT);
        if (difference > 0)
            return difference / (CHAIN * (LONG - SHORT));
    }
}
#else
static double nanoseconds_per_cycle(void)
{
    return 0;
}
#endif

static void print_list(const char *name, const double *values, int count)
{
    printf(", \"%s\": [", name);
    for (int i = 0; i < count; i++)
        printf("%s%.3f", i ? ", " : "", values[i]);
    printf("]");
}

static void measure(function_t f, void *const *pointers, int count, double seconds)
{
    static double nanoseconds[MOST_SAMPLES], cycles[MOST_SAMPLES];
    const double batch = 200e3; /* nanoseconds: reading the clock is nothing beside them */
    int samples = 0, counted = 0;
    double start = now();
    call(f, pointers, count);
    double once = now() - start;
    long calls = once < 1 ? (long)batch : 1 + (long)(batch / once);
    double end = now() + seconds * 1e9;
    do {
        double before = nanoseconds_per_cycle();
        start = now();
        for (long i = 0; i < calls; i++)
            call(f, pointers, count);
        double elapsed = (now() - start) / calls;
        double cycle = (before + nanoseconds_per_cycle()) / 2;
        nanoseconds[samples++] = elapsed;
        if (cycle > 0)
            cycles[counted++] = elapsed / cycle;
    } while (now() < end && samples < MOST_SAMPLES);
    printf(", \"calls\": %ld", calls);
    print_list("nanoseconds", nanoseconds, samples);
    print_list("cycles", cycles, counted);
}

/* ---- Jobs ---------------------------------------------------------------------------------- */

static size_t number(void)
{
    char *text = strtok(NULL, ":\t\n"), *end = NULL;
    size_t value = text ? strtoull(text, &end, 10) : 0;
    if (!text || *end)
        fail("a job has %s where a number belongs", text ? text : "nothing");
    return value;
}

static int read_buffers(struct buffer *buffers)
{
    int count = 0;
    for (const char *kind; (kind = strtok(NULL, ":\t\n")); count++) {
        if (count == MOST_BUFFERS)
            fail("a job has more than %d buffers", MOST_BUFFERS);
        struct buffer *b = &buffers[count];
        memset(b, 0, sizeof *b);
        b->kind = kind[0];
        if (!strchr("iow", b->kind) || kind[1])
            fail("a buffer is i, o or w, not %s", kind);
        b->position = b->kind == 'i' ? number() : 0;
        b->bytes = number();
        b->unit = number();
    }
    return count;
}

static void run(char *line, const unsigned char *inputs, size_t input_bytes, FILE *outputs)
{
    struct buffer buffers[MOST_BUFFERS];
    void *pointers[MOST_BUFFERS];
    const char *name = strtok(line, "\t\n"), *where = strtok(NULL, "\t\n");
    const char *calls_text = strtok(NULL, "\t\n"), *seconds_text = strtok(NULL, "\t\n");
    if (!seconds_text)
        fail("a job needs a function, a place, calls and seconds");
    long calls = strtol(calls_text, NULL, 10);
    double seconds = strtod(seconds_text, NULL);
    int count = read_buffers(buffers);
    int changed = -1, stray = -1, unsteady = -1;
    function_t f = find_function(name);

    for (int i = 0; i < count; i++) {
        struct buffer *b = &buffers[i];
        place(b, place_of(where, i));
        pointers[i] = b->data;
        if (b->kind == 'w') {
            memset(b->data, 0, b->bytes);
        } else if (b->kind == 'i') {
            if (b->bytes > input_bytes || b->position > input_bytes - b->bytes)
                fail("input %d of %s lies beyond the end of the file", i, name);
            memcpy(b->data, inputs + b->position, b->bytes);
        } else {
            b->copy = malloc(b->bytes + 1);
            if (!b->copy)
                fail("no memory for a buffer of %zu bytes", b->bytes);
        }
    }
    for (long k = 0; k == 0 || k < calls; k++) {
        for (int i = 0; i < count; i++)
            if (buffers[i].kind == 'o')
                memset(buffers[i].data, k % 2 ? 0 : 0xFF, buffers[i].bytes);
        call(f, pointers, count);
        for (int i = count - 1; i >= 0; i--) {
            struct buffer *b = &buffers[i];
            if (b->kind == 'o' && k == 0)
                memcpy(b->copy, b->data, b->bytes);
            else if (b->kind == 'o' && memcmp(b->copy, b->data, b->bytes))
                unsteady = i;
            if (b->kind == 'i' && memcmp(b->data, inputs + b->position, b->bytes))
                changed = i;
            if (strayed(b))
                stray = i;
        }
    }
    printf("{\"changed\": %d, \"strayed\": %d, \"unsteady\": %d", changed, stray, unsteady);
    if (seconds > 0)
        measure(f, pointers, count, seconds);
    puts("}");
    fflush(stdout);
    for (int i = 0; i < count; i++) {
        struct buffer *b = &buffers[i];
        if (b->kind == 'o' && fwrite(b->data, 1, b->bytes, outputs) != b->bytes)
            fail("cannot write outputs: %s", strerror(errno));
        free(b->copy);
        munmap(b->mapping, b->mapped);
    }
}

static const unsigned char *read_inputs(const char *path, size_t *bytes)
{
    struct stat status;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &status))
        fail("%s: %s", path, strerror(errno));
    *bytes = status.st_size;
    if (!*bytes)
        return (const unsigned char *)"";
    void *data = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, file, 0);
    if (data == MAP_FAILED)
        fail("%s: %s", path, strerror(errno));
    close(file);
    return data;
}

int main(int argc, char **argv)
{
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core); /* a wrong kernel dies often while a search tries many */
    page_size = sysconf(_SC_PAGESIZE);
#ifdef LOWBIT_DLOPEN
    if (argc < 3 || strcmp(argv[1], "--library"))
        fail("usage: driver --library FILE JOBS INPUTS OUTPUTS");
    library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail("%s", dlerror());
    argc -= 2, argv += 2;
#endif
    if (argc != 4)
        fail("usage: driver [--library FILE] JOBS INPUTS OUTPUTS");
    FILE *jobs = fopen(argv[1], "r");
    if (!jobs)
        fail("%s: %s", argv[1], strerror(errno));
    size_t input_bytes, capacity = 0;
    const unsigned char *inputs = read_inputs(argv[2], &input_bytes);
    FILE *outputs = fopen(argv[3], "wb");
    if (!outputs)
        fail("%s: %s", argv[3], strerror(errno));
    for (char *line = NULL; getline(&line, &capacity, jobs) > 0;)
        run(line, inputs, input_bytes, outputs);
    if (fclose(outputs))
        fail("%s: %s", argv[3], strerror(errno));
    return 0;
}
