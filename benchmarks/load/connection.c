#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES (1 << 20)
#define EVENTS 1024

static int epoll;
static int timer;
static struct sockaddr_in target, publish_target;
static unsigned sources;
static unsigned next_source;
static char block[READ_BYTES + 1];

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void watch(int operation, int fd, uint32_t events, void *what) {
    struct epoll_event event = {.events = events, .data.ptr = what};
    epoll_ctl(epoll, operation, fd, &event);
}

void loop_begin(void) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (epoll < 0 || timer < 0)
        abort();
    watch(EPOLL_CTL_ADD, timer, EPOLLIN, NULL);
}

bool loop_target(const char *host, unsigned short port, unsigned short publish_port,
                 unsigned source_count) {
    memset(&target, 0, sizeof target);
    target.sin_family = AF_INET;
    target.sin_port = htons(port);
    sources = source_count;
    bool is_known = inet_pton(AF_INET, host, &target.sin_addr) == 1;
    publish_target = target;
    publish_target.sin_port = htons(publish_port);
    return is_known;
}

bool connection_open(struct connection *connection) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (sources > 0 && !connection->is_publisher) {
        /* Several addresses, or the ports of one would not do for many connections. The port is
           chosen when it connects, so that only the four together have to be unique. */
        struct sockaddr_in source = {.sin_family = AF_INET};
        source.sin_addr.s_addr = htonl(0x7f000002 + next_source++ % sources);
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&source, sizeof source) != 0) {
            close(fd);
            return false;
        }
    }
    const struct sockaddr_in *to = connection->is_publisher ? &publish_target : &target;
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS) {
        close(fd);
        return false;
    }
    connection->fd = fd;
    connection->state = CONNECTING;
    connection->wants_write = true;
    connection->sent = 0;
    text_clear(&connection->in);
    text_clear(&connection->out);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT, connection);
    return true;
}

void connection_close(struct connection *connection) {
    if (connection->state == CLOSED)
        return;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(connection->fd);
    connection->was = connection->state;
    connection->state = CLOSED;
    text_free(&connection->in);
    text_free(&connection->out);
}

static void want_write(struct connection *connection, bool is_wanted) {
    if (connection->wants_write == is_wanted)
        return;
    connection->wants_write = is_wanted;
    watch(EPOLL_CTL_MOD, connection->fd, is_wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, connection);
}

static bool push(struct connection *connection, const char *data, size_t length, size_t *done) {
    while (*done < length) {
        ssize_t sent = send(connection->fd, data + *done, length - *done, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
        *done += (size_t)sent;
    }
    return true;
}

bool connection_send(struct connection *connection, const struct text *request) {
    size_t done = 0;
    if (connection->state == CLOSED ||
        !push(connection, request->data, request->length, &done)) {
        connection_close(connection);
        return false;
    }
    if (done < request->length) {
        text_add(&connection->out, request->data + done, request->length - done);
        want_write(connection, true);
    }
    return true;
}

static void lose(struct connection *connection, const struct listener *listener) {
    connection_close(connection);
    listener->failed(connection);
}

/* Tell the answers that are complete; the rest is kept. */
static void hear(struct connection *connection, const struct listener *listener, size_t got) {
    const char *data = block;
    size_t length = got;
    bool is_kept = connection->in.length > 0;
    if (is_kept) {
        text_add(&connection->in, block, got);
        data = connection->in.data;
        length = connection->in.length;
    }
    size_t at = 0;
    while (at < length) {
        struct answer answer;
        if (!framing_read(connection->framing, data + at, length - at, connection->replies,
                          &answer)) {
            lose(connection, listener);
            return;
        }
        if (answer.length == 0)
            break;
        listener->answered(connection, &answer, data + at);
        if (connection->state == CLOSED)
            return;
        at += answer.length;
    }
    if (!is_kept) {
        if (at < length)
            text_add(&connection->in, data + at, length - at);
    } else if (at == length) {
        text_free(&connection->in);
    } else {
        memmove(connection->in.data, data + at, length - at + 1);
        connection->in.length = length - at;
    }
}

static void serve(struct connection *connection, const struct listener *listener,
                  uint32_t events) {
    if (connection->state == CLOSED)
        return;
    if (connection->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            lose(connection, listener);
            return;
        }
        if (!(events & EPOLLOUT))
            return;
        connection->state = OPEN;
        want_write(connection, false);
        listener->connected(connection);
        return;
    }
    if (events & EPOLLOUT) {
        if (!push(connection, connection->out.data, connection->out.length, &connection->sent)) {
            lose(connection, listener);
            return;
        }
        if (connection->sent == connection->out.length) {
            text_clear(&connection->out);
            connection->sent = 0;
            want_write(connection, false);
        }
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t got = recv(connection->fd, block, READ_BYTES, 0);
        if (got > 0) {
            block[got] = 0;
            hear(connection, listener, (size_t)got);
        } else if (got == 0 || errno != EAGAIN) {
            lose(connection, listener);
        }
    }
}

void loop_turn(const struct listener *listener, uint64_t until) {
    struct epoll_event events[EVENTS];
    bool is_due = now_ns() >= until;
    if (!is_due) {
        struct itimerspec at = {.it_value = {.tv_sec = (time_t)(until / 1000000000u),
                                             .tv_nsec = (long)(until % 1000000000u)}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
    }
    int count = epoll_wait(epoll, events, EVENTS, is_due ? 0 : -1);
    for (int index = 0; index < count; index++) {
        if (events[index].data.ptr == NULL) {
            uint64_t expirations;
            if (read(timer, &expirations, sizeof expirations) < 0)
                continue;
        } else {
            serve(events[index].data.ptr, listener, events[index].events);
        }
    }
}
