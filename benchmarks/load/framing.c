#define _GNU_SOURCE
#include "framing.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int framing_of(const char *name) {
    static const char *const names[] = {"http", "redis", "postgres", "nats"};
    for (int index = 0; index < 4; index++)
        if (strcmp(name, names[index]) == 0)
            return index;
    return -1;
}

/* --- HTTP/1.1 --- */

/* The value of a header, in the head that ends at `end`; NULL where it is not there. */
static const char *header(const char *head, const char *end, const char *name) {
    size_t length = strlen(name);
    for (const char *line = head; line < end;) {
        const char *next = memmem(line, (size_t)(end - line), "\r\n", 2);
        if (next == NULL)
            next = end;
        if ((size_t)(next - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0)
            return line + length + 1;
        line = next + 2;
    }
    return NULL;
}

/* The chunks of a body are left as they came: nothing here looks into a chunked one. */
static bool read_chunks(const char *data, size_t length, const char *body, struct answer *answer) {
    const char *at = body;
    const char *end = data + length;
    while (at < end) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (line == NULL)
            return true;
        char *stopped;
        unsigned long size = strtoul(at, &stopped, 16);
        if (stopped == at)
            return false;
        if ((size_t)(end - line) < size + 4)
            return true;
        at = line + 2 + size + 2;
        if (size == 0) {
            answer->length = (size_t)(at - data);
            answer->body_length = (size_t)(at - body);
            return true;
        }
    }
    return true;
}

static bool read_http(const char *data, size_t length, struct answer *answer) {
    if (length < 12)
        return true;
    if (memcmp(data, "HTTP/1.", 7) != 0)
        return false;
    const char *blank = memmem(data, length, "\r\n\r\n", 4);
    if (blank == NULL)
        return true;
    answer->status = atoi(data + 9);
    answer->body = blank + 4;
    size_t head = (size_t)(answer->body - data);
    const char *size = header(data, blank, "Content-Length");
    if (size != NULL) {
        answer->body_length = strtoul(size, NULL, 10);
        if (head + answer->body_length <= length)
            answer->length = head + answer->body_length;
        return true;
    }
    if (header(data, blank, "Transfer-Encoding") != NULL)
        return read_chunks(data, length, answer->body, answer);
    if (answer->status != 204 && answer->status != 304)
        return false; /* ends with its connection: nothing measured here does that */
    answer->length = head;
    return true;
}

/* --- Redis: RESP2 --- */

/* The end of the value at `at`; NULL while it is not complete. */
static const char *redis_value(const char *at, const char *end, struct answer *answer) {
    const char *line = at < end ? memmem(at, (size_t)(end - at), "\r\n", 2) : NULL;
    if (line == NULL)
        return NULL;
    const char *next = line + 2;
    long size = strtol(at + 1, NULL, 10);
    switch (*at) {
    case '-':
        answer->status = 500;
        return next;
    case '+':
    case ':':
        return next;
    case '$':
        if (size < 0)
            return next;
        return end - next >= size + 2 ? next + size + 2 : NULL;
    case '*':
        for (; next != NULL && size > 0; size--)
            next = redis_value(next, end, answer);
        return next;
    }
    answer->status = -1;
    return NULL;
}

static bool read_redis(const char *data, size_t length, unsigned replies, struct answer *answer) {
    const char *at = data;
    answer->status = 200;
    for (; at != NULL && replies > 0; replies--)
        at = redis_value(at, data + length, answer);
    if (at != NULL)
        answer->length = (size_t)(at - data);
    return answer->status != -1;
}

/* --- PostgreSQL: messages, of which ReadyForQuery is the last --- */

static bool read_postgres(const char *data, size_t length, unsigned replies,
                          struct answer *answer) {
    size_t at = 0;
    answer->status = 200;
    while (length - at >= 5) {
        uint32_t size;
        memcpy(&size, data + at + 1, 4);
        size = ntohl(size);
        if (size < 4)
            return false;
        if (length - at < size + 1)
            return true;
        char type = data[at];
        at += size + 1;
        if (type == 'E')
            answer->status = 500;
        if (type == 'Z' && --replies == 0) {
            answer->length = at;
            return true;
        }
    }
    return true;
}

/* --- NATS: MSG for what was published, PONG for the connection; INFO and PING are passed by --- */

static bool read_nats(const char *data, size_t length, unsigned replies, struct answer *answer) {
    const char *at = data;
    const char *end = data + length;
    answer->status = 200;
    while (at < end) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (line == NULL)
            return true;
        const char *next = line + 2;
        if (memcmp(at, "-ERR", 4) == 0)
            answer->status = 500;
        if (memcmp(at, "MSG ", 4) == 0) {
            const char *size = line;
            while (size[-1] != ' ')
                size--;
            long payload = strtol(size, NULL, 10);
            if (end - next < payload + 2)
                return true;
            if (memmem(next, (size_t)payload, "\"error\"", 7) != NULL)
                answer->status = 500;
            next += payload + 2;
        }
        bool is_reply = memcmp(at, "MSG ", 4) == 0 || memcmp(at, "PONG", 4) == 0 ||
                        memcmp(at, "-ERR", 4) == 0;
        at = next;
        if (is_reply && --replies == 0) {
            answer->length = (size_t)(at - data);
            return true;
        }
    }
    return true;
}

bool framing_read(enum framing framing, const char *data, size_t length, unsigned replies,
                  struct answer *answer) {
    memset(answer, 0, sizeof *answer);
    answer->body = data;
    bool is_one = true;
    switch (framing) {
    case HTTP:
        return read_http(data, length, answer);
    case REDIS:
        is_one = read_redis(data, length, replies, answer);
        break;
    case POSTGRES:
        is_one = read_postgres(data, length, replies, answer);
        break;
    case NATS:
        is_one = read_nats(data, length, replies, answer);
        break;
    }
    answer->body_length = answer->length;
    return is_one;
}
