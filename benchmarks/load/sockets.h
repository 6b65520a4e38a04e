/* What the kernel knows of the connections to a server on this machine. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <stdbool.h>

struct served {
    unsigned accepted; /* connections that the server has taken */
    unsigned waiting; /* connections that it has not taken yet */
    unsigned unread; /* connections with bytes that it has not read */
};

/* The established connections whose server end is at `port`; false where the kernel does not say. */
bool sockets_served(unsigned short port, struct served *served);

#endif
