#include "schedule.h"

#include <math.h>

/* SplitMix64: any seed will do, and its low bits are as good as its high ones. */
void random_seed(struct random *random, uint64_t seed) { random->state = seed; }

uint64_t random_next(struct random *random) {
    uint64_t mixed = (random->state += 0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

uint64_t random_below(struct random *random, uint64_t bound) {
    return (uint64_t)(((unsigned __int128)random_next(random) * bound) >> 64);
}

double random_unit(struct random *random) {
    return (double)((random_next(random) >> 11) + 1) / 9007199254740992.0;
}

void schedule_begin(struct schedule *schedule, double rate, uint64_t length, bool is_random,
                    uint64_t seed) {
    schedule->rate = rate;
    schedule->length = length;
    schedule->is_random = is_random;
    schedule->index = 0;
    schedule->at = 0;
    random_seed(&schedule->random, seed);
}

uint64_t schedule_next(struct schedule *schedule) {
    if (schedule->is_random)
        schedule->at += -log(random_unit(&schedule->random)) * 1e9 / schedule->rate;
    else /* from the index, so that nothing adds up over a long run */
        schedule->at = (double)schedule->index++ * 1e9 / schedule->rate;
    if (schedule->at >= (double)schedule->length)
        return UINT64_MAX;
    return (uint64_t)schedule->at;
}
