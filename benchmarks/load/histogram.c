#include "histogram.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void histogram_clear(struct histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
    histogram->least = UINT64_MAX;
}

/* Values below 2 * STEPS have a bucket each; above, each power of two has STEPS of them. */
static unsigned bucket_of(uint64_t value) {
    if (value < 2 * STEPS)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
    return shift * STEPS + (unsigned)(value >> shift);
}

static uint64_t highest_of(unsigned bucket) {
    if (bucket < 2 * STEPS)
        return bucket;
    unsigned shift = bucket / STEPS - 1;
    uint64_t step = bucket - (uint64_t)shift * STEPS;
    return ((step + 1) << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value) {
    if (value >= LARGEST)
        value = LARGEST - 1;
    histogram->counts[bucket_of(value)]++;
    histogram->count++;
    histogram->sum += (double)value;
    if (value < histogram->least)
        histogram->least = value;
    if (value > histogram->most)
        histogram->most = value;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile) {
    if (histogram->count == 0)
        return 0;
    /* The rank of the value asked for: at least one value, and all of them at 1. */
    uint64_t rank = (uint64_t)ceil(quantile * (double)histogram->count);
    if (rank < 1)
        rank = 1;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        seen += histogram->counts[bucket];
        if (seen >= rank) {
            uint64_t value = highest_of(bucket);
            return value < histogram->most ? value : histogram->most;
        }
    }
    return histogram->most;
}

double histogram_mean(const struct histogram *histogram) {
    return histogram->count ? histogram->sum / (double)histogram->count : 0;
}

static double us(uint64_t ns) { return (double)ns / 1e3; }

void histogram_print(const struct histogram *histogram) {
    printf("{\"count\": %llu, \"mean\": %.1f, \"min\": %.1f, \"p50\": %.1f, \"p90\": %.1f, "
           "\"p99\": %.1f, \"p99_9\": %.1f, \"max\": %.1f}",
           (unsigned long long)histogram->count, histogram_mean(histogram) / 1e3,
           histogram->count ? us(histogram->least) : 0, us(histogram_quantile(histogram, 0.5)),
           us(histogram_quantile(histogram, 0.9)), us(histogram_quantile(histogram, 0.99)),
           us(histogram_quantile(histogram, 0.999)), us(histogram->most));
}
