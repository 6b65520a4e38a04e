/* A histogram of times with a bounded relative error, as HdrHistogram has it. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

/* 256 steps to each power of two: what is read off is at most 1/256 above what was recorded. */
#define STEP_BITS 8
#define STEPS (1 << STEP_BITS)
#define LARGEST ((uint64_t)1 << 42) /* 73 minutes in ns; what is longer counts as that */
#define BUCKETS ((42 - STEP_BITS + 2) * STEPS)

struct histogram {
    uint64_t counts[BUCKETS];
    uint64_t count;
    uint64_t least;
    uint64_t most;
    double sum;
};

void histogram_clear(struct histogram *histogram);
void histogram_record(struct histogram *histogram, uint64_t value);
/* The value that the share `quantile` (0 to 1) of what was recorded does not exceed; 0 where nothing was. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
double histogram_mean(const struct histogram *histogram);
/* As a JSON object, in microseconds. */
void histogram_print(const struct histogram *histogram);

#endif
