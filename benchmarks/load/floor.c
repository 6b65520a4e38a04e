/* The floor: what a server that does nothing but answer parked polls can reach on this machine.

   GET /poll/ID?after=N waits until ID was published more than N times, POST /publish/ID does that;
   each waiting connection gets its answer with one write. Nothing is kept but the numbers.

   floor PORT            serve that
   floor PORT origin S   be the origin of Pushpin instead, which holds polls for S seconds */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_IDS (1 << 20)
#define REQUEST_BYTES 65536

struct client {
    int fd;
    struct client *next, *before; /* who waits for the same */
    unsigned id;
    bool waits;
    size_t length;
    char *kept; /* the beginning of a request whose end has not come */
};

static struct client *waiting[MOST_IDS];
static unsigned long numbers[MOST_IDS];
static const char *hold_seconds; /* of Pushpin; NULL where this is the floor */
static int epoll;

static void answer(struct client *client, const char *text, size_t length) {
    if (send(client->fd, text, length, MSG_NOSIGNAL) != (ssize_t)length)
        shutdown(client->fd, SHUT_RDWR);
}

static void answer_number(struct client *client, unsigned id) {
    char body[64], text[256];
    int size = snprintf(body, sizeof body, "{\"message\":\"new_change\",\"number\":%lu}", numbers[id]);
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                          "Content-Length: %d\r\n\r\n%s",
                          size, body);
    answer(client, text, (size_t)length);
}

static void answer_hold(struct client *client, unsigned id) {
    char text[256];
    int length = snprintf(text, sizeof text,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nGrip-Hold: response\r\n"
                          "Grip-Channel: %u\r\nGrip-Timeout: %s\r\nContent-Length: 2\r\n\r\n{}",
                          id, hold_seconds);
    answer(client, text, (size_t)length);
}

static void leave(struct client *client) {
    if (!client->waits)
        return;
    if (client->before != NULL)
        client->before->next = client->next;
    else
        waiting[client->id] = client->next;
    if (client->next != NULL)
        client->next->before = client->before;
    client->waits = false;
}

static void wait_for(struct client *client, unsigned id) {
    client->id = id;
    client->waits = true;
    client->before = NULL;
    client->next = waiting[id];
    if (client->next != NULL)
        client->next->before = client;
    waiting[id] = client;
}

static void publish(unsigned id) {
    numbers[id]++;
    /* All that wait go at once: who asks again meanwhile waits for the next. */
    struct client *next = waiting[id];
    waiting[id] = NULL;
    while (next != NULL) {
        struct client *client = next;
        next = client->next;
        client->waits = false;
        answer_number(client, id);
    }
}

static void serve(struct client *client, const char *request) {
    unsigned id = 0;
    unsigned long after = 0;
    if (sscanf(request, "GET /poll/%u?after=%lu", &id, &after) >= 1 && id < MOST_IDS) {
        if (hold_seconds != NULL)
            answer_hold(client, id);
        else if (numbers[id] > after)
            answer_number(client, id);
        else
            wait_for(client, id);
    } else if (sscanf(request, "POST /publish/%u", &id) == 1 && id < MOST_IDS) {
        publish(id);
        answer_number(client, id);
    } else if (strncmp(request, "GET /number", 11) == 0) {
        answer_number(client, 0);
    } else {
        static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        answer(client, missing, sizeof missing - 1);
    }
}

/* The length of the first whole request; 0 where its end has not come. */
static size_t whole(const char *data, size_t length) {
    const char *blank = memmem(data, length, "\r\n\r\n", 4);
    if (blank == NULL)
        return 0;
    size_t size = (size_t)(blank + 4 - data);
    const char *header = strcasestr(data, "\r\nContent-Length:");
    if (header != NULL && header < blank)
        size += strtoul(header + 17, NULL, 10);
    return size <= length ? size : 0;
}

static void take(struct client *client) {
    static char block[2 * REQUEST_BYTES + 1];
    memcpy(block, client->kept ? client->kept : "", client->length);
    ssize_t got = recv(client->fd, block + client->length, REQUEST_BYTES, 0);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN)
            return;
        leave(client);
        close(client->fd);
        free(client->kept);
        free(client);
        return;
    }
    size_t length = client->length + (size_t)got, at = 0;
    block[length] = 0;
    for (size_t size; at < length && (size = whole(block + at, length - at)) > 0; at += size)
        serve(client, block + at);
    free(client->kept);
    client->kept = NULL;
    client->length = length - at;
    if (client->length > REQUEST_BYTES)
        shutdown(client->fd, SHUT_RDWR);
    else if (client->length > 0)
        client->kept = memcpy(malloc(client->length), block + at, client->length);
}

static void welcome(int listener) {
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        int on = 1;
        struct client *client = calloc(1, sizeof *client);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        client->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int count, char **arguments) {
    if (count < 2)
        return 2;
    if (count > 3 && strcmp(arguments[2], "origin") == 0)
        hold_seconds = arguments[3];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4096) != 0) {
        perror("floor");
        return 1;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(epoll, events, 512, -1);
        for (int index = 0; index < ready; index++) {
            if (events[index].data.ptr == NULL)
                welcome(listener);
            else
                take(events[index].data.ptr);
        }
    }
}
