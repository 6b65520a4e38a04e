/* When requests are to be sent in an open loop, whatever became of those before. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

void random_seed(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* Below `bound`, which is not 0. */
uint64_t random_below(struct random *random, uint64_t bound);
/* In (0, 1]. */
double random_unit(struct random *random);

/* Evenly spaced, or at random with the same mean rate (a Poisson process), for so long. */
struct schedule {
    double rate; /* a second */
    uint64_t length; /* ns */
    bool is_random;
    struct random random;
    uint64_t index;
    double at;
};

void schedule_begin(struct schedule *schedule, double rate, uint64_t length, bool is_random,
                    uint64_t seed);
/* ns after the beginning at which the next one is due; UINT64_MAX when it is over. */
uint64_t schedule_next(struct schedule *schedule);

#endif
