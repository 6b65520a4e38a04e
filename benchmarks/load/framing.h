/* Where an answer ends, in the protocols of the systems that are measured. */
#ifndef FRAMING_H
#define FRAMING_H

#include <stdbool.h>
#include <stddef.h>

enum framing { HTTP, REDIS, POSTGRES, NATS };

struct answer {
    size_t length; /* of all of it; 0 while it is not complete */
    int status; /* of HTTP; elsewhere 200 or, where the answer is an error, 500 */
    const char *body;
    size_t body_length;
};

/* -1 for a name that is none. */
int framing_of(const char *name);

/* Look at what was received, which ends with a NUL beyond `length`. `replies` is how many replies
   make an answer (not of HTTP). False where it is no answer in this protocol. */
bool framing_read(enum framing framing, const char *data, size_t length, unsigned replies,
                  struct answer *answer);

#endif
