/* Connections to the systems, and the one loop that serves them all. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "framing.h"
#include "template.h"

enum state {
    CLOSED,
    CONNECTING,
    OPEN,    /* nothing is due */
    ASKED,   /* an answer is due soon */
    PARKED,  /* an answer is due when something happens */
    WOKEN,   /* parked, and what happened is on its way to the system */
};

struct connection {
    int fd;
    enum state state;
    enum state was; /* before it was closed */
    bool is_publisher;
    bool wants_write;
    unsigned index;
    enum framing framing;
    unsigned replies; /* that make an answer */
    struct user *user;
    uint64_t intended; /* when what it waits for was to be sent */
    struct text in;
    struct text out;
    size_t sent;
};

struct listener {
    void (*connected)(struct connection *connection);
    void (*answered)(struct connection *connection, const struct answer *answer,
                     const char *data);
    void (*failed)(struct connection *connection); /* refused or cut off; it is closed already */
};

/* ns on the monotonic clock */
uint64_t now_ns(void);

void loop_begin(void);
/* Where the system listens, for polls and for publishers, and how many addresses of this machine
   connections come from. */
bool loop_target(const char *host, unsigned short port, unsigned short publish_port,
                 unsigned sources);
/* Serve what happens, once; returns at `until` at the latest. */
void loop_turn(const struct listener *listener, uint64_t until);

/* False where it failed at once; else it is told to the listener. */
bool connection_open(struct connection *connection);
/* A reset, not a goodbye: no port of this machine is kept busy after it. */
void connection_close(struct connection *connection);
/* False where the connection is gone; it is closed then. */
bool connection_send(struct connection *connection, const struct text *request);

#endif
