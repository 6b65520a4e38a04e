/* Commands on parked polls: open, ask, park, settle, storm, wake, hold and close. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "sockets.h"

#define SECOND 1000000000.0

struct connection *publishers;
unsigned publisher_count;
struct histogram latency;

static unsigned short port;

static unsigned last_of(const struct command *command) {
    unsigned last = (unsigned)number(command, "last", user_count);
    return last < user_count ? last : user_count;
}

/* --- what most commands listen to --- */

static const struct template *after_connecting;
static unsigned connected, answered, failed, errors;
static uint64_t began;

static void on_connected(struct connection *connection) {
    connected++;
    if (after_connecting == NULL)
        return;
    connection->state = ASKED;
    if (!send_to(connection, after_connecting, connection->index))
        failed++;
}

static void on_answered(struct connection *connection, const struct answer *answer,
                        const char *data) {
    (void)data;
    answered++;
    if (is_error(answer) && errors++ == 0)
        fprintf(stderr, "answered: %.300s\n", data);
    connection->state = OPEN;
    histogram_record(&latency, now_ns() - (connection->intended ? connection->intended : began));
}

static void publisher_answered(struct connection *publisher, const struct answer *answer,
                               const char *data) {
    publisher->state = OPEN;
    if (is_error(answer) && errors++ == 0)
        fprintf(stderr, "answered: %.300s\n", data);
}

static void on_failed(struct connection *connection) {
    (void)connection;
    failed++;
}

static const struct listener listener = {on_connected, on_answered, on_failed};

static void begin(void) {
    connected = answered = failed = errors = 0;
    after_connecting = NULL;
    histogram_clear(&latency);
    began = now_ns();
}

static double seconds_since(uint64_t then) { return (double)(now_ns() - then) / SECOND; }

static void report(void) {
    printf("{\"seconds\": %.6f, \"connected\": %u, \"answered\": %u, \"failed\": %u, "
           "\"errors\": %u, \"latency\": ",
           seconds_since(began), connected, answered, failed, errors);
    histogram_print(&latency);
    printf("}\n");
}

static uint64_t patience(const struct command *command) {
    return began + (uint64_t)(number(command, "patience", 30) * SECOND);
}

/* Open the connections of users, a few at a time. */
void command_open(const struct command *command) {
    unsigned first = (unsigned)number(command, "first", 0), last = last_of(command);
    unsigned window = (unsigned)number(command, "window", 512);
    begin();
    uint64_t until = patience(command);
    unsigned next = first;
    while (connected + failed < last - first && now_ns() < until) {
        while (next < last && next - first - connected - failed < window) {
            if (!connection_open(&polls[next++]))
                failed++;
        }
        loop_turn(&listener, until);
    }
    report();
}

static const struct template *asked;

static void ask_answered(struct connection *connection, const struct answer *answer,
                         const char *data) {
    on_answered(connection, answer, data);
    extract(asked, answer, data, connection->user);
}

/* One request on each connection, a few at a time, each answered before the command ends. */
void command_ask(const struct command *command) {
    static const struct listener ask_listener = {on_connected, ask_answered, on_failed};
    unsigned first = (unsigned)number(command, "first", 0), last = last_of(command);
    unsigned window = (unsigned)number(command, "window", 64);
    asked = template_named(command, "template");
    begin();
    uint64_t until = patience(command);
    unsigned next = first;
    while (answered + failed < last - first && now_ns() < until) {
        while (next < last && next - first - answered - failed < window) {
            struct connection *connection = &polls[next++];
            connection->state = ASKED;
            connection->intended = now_ns();
            if (!send_to(connection, asked, connection->index))
                failed++;
        }
        loop_turn(&ask_listener, until);
    }
    report();
}

/* Send a request on each connection for which nothing is due; its answer comes when something
   happens. */
void command_park(const struct command *command) {
    unsigned first = (unsigned)number(command, "first", 0), last = last_of(command);
    const struct template *template = template_named(command, "template");
    uint64_t pause = (uint64_t)(number(command, "pause", 0) * SECOND);
    unsigned sent = 0;
    begin();
    for (unsigned index = first; index < last; index++) {
        if (polls[index].state != OPEN)
            continue;
        polls[index].state = PARKED;
        polls[index].intended = 0;
        if (!send_to(&polls[index], template, index))
            failed++;
        if (++sent % 64 == 0) /* for systems that cannot take all at once */
            for (uint64_t until = now_ns() + pause; now_ns() <= until;)
                loop_turn(&listener, until);
    }
    report();
}

/* Wait until the server has taken `count` connections and read all that they sent. */
static bool settle(unsigned count, uint64_t until) {
    struct served served;
    do {
        loop_turn(&listener, now_ns() + 2000000);
        if (!sockets_served(port, &served))
            fail("the kernel does not tell of sockets");
        if (served.accepted >= count && served.waiting == 0 && served.unread == 0)
            return true;
    } while (now_ns() < until);
    return false;
}

void command_settle(const struct command *command) {
    begin();
    bool is_settled = settle((unsigned)number(command, "count", 0), patience(command));
    printf("{\"settled\": %s, \"seconds\": %.6f, \"answered\": %u}\n",
           is_settled ? "true" : "false", seconds_since(began), answered);
}

/* All connections break off and come back at once. */
void command_storm(const struct command *command) {
    unsigned first = (unsigned)number(command, "first", 0), last = last_of(command);
    for (unsigned index = first; index < last; index++)
        connection_close(&polls[index]);
    struct served served;
    uint64_t gone = now_ns() + (uint64_t)(10 * SECOND);
    /* The server has to have noticed, or its old connections would be counted. */
    while (sockets_served(port, &served) && served.accepted > 0 && now_ns() < gone)
        loop_turn(&listener, now_ns() + 2000000);
    begin();
    after_connecting = template_named(command, "template");
    for (unsigned index = first; index < last; index++) {
        if (!connection_open(&polls[index]))
            failed++;
        if (index % 64 == 63)
            loop_turn(&listener, 0);
    }
    uint64_t until = patience(command);
    while (connected + failed < last - first && now_ns() < until)
        loop_turn(&listener, until);
    bool is_settled = settle(last - first - failed, until);
    printf("{\"settled\": %s, \"seconds\": %.6f, \"connected\": %u, \"failed\": %u, "
           "\"answered\": %u}\n",
           is_settled ? "true" : "false", seconds_since(began), connected, failed, answered);
}

/* --- publishers --- */

static void greeted(struct connection *connection, const struct answer *answer, const char *data) {
    if (!connection->is_publisher) {
        connection->state = OPEN;
        return;
    }
    publisher_answered(connection, answer, data);
    answered++;
}

void open_publishers(const struct command *command, unsigned count) {
    static const struct listener greeting_listener = {on_connected, greeted, on_failed};
    const struct template *greeting = template_named(command, "greeting");
    for (unsigned index = 0; index < publisher_count; index++)
        connection_close(&publishers[index]);
    if (count > publisher_count) {
        publishers = realloc(publishers, count * sizeof *publishers);
        if (publishers == NULL)
            abort();
        memset(publishers + publisher_count, 0, (count - publisher_count) * sizeof *publishers);
    }
    publisher_count = count;
    begin();
    after_connecting = greeting;
    uint64_t until = patience(command);
    for (unsigned index = 0; index < count; index++) {
        struct connection *publisher = &publishers[index];
        publisher->is_publisher = true;
        publisher->index = index;
        publisher->user = user_count ? &users[index % user_count] : NULL;
        if (!connection_open(publisher))
            failed++;
        while (connected + failed <= index && now_ns() < until)
            loop_turn(&greeting_listener, until);
    }
    while (greeting != NULL && answered + failed < count && now_ns() < until)
        loop_turn(&greeting_listener, until);
    if (connected < count || errors > 0 || (greeting != NULL && answered < count))
        fail("%u of %u publishers could not connect", count - (greeting ? answered : connected),
             count);
}

/* One publish, and all polls that it wakes. */
static const struct template *awaited;
static bool advances;

static void woken(struct connection *connection, const struct answer *answer, const char *data) {
    if (connection->is_publisher) {
        publisher_answered(connection, answer, data);
        return;
    }
    on_answered(connection, answer, data);
    extract(awaited, answer, data, connection->user);
    if (advances)
        advance(connection->user);
}

static void wake_failed(struct connection *connection) {
    if (!connection->is_publisher || connection->was == ASKED)
        failed++;
}

void command_wake(const struct command *command) {
    static const struct listener wake_listener = {on_connected, woken, wake_failed};
    awaited = template_named(command, "poll");
    advances = number(command, "advance", 0) != 0;
    unsigned expected = (unsigned)number(command, "count", user_count);
    const struct template *template = template_named(command, "publish");
    open_publishers(command, 1);
    begin();
    uint64_t until = patience(command);
    publishers[0].user = &users[(unsigned)number(command, "user", 0)];
    publishers[0].state = ASKED;
    if (!send_to(&publishers[0], template, (uint64_t)number(command, "serial", 0)))
        fail("the publisher was cut off");
    while ((answered + failed < expected || publishers[0].state == ASKED) && now_ns() < until)
        loop_turn(&wake_listener, until);
    report();
}

/* Let time pass; a poll that is answered is sent again. */
static const struct template *again;

static void answered_again(struct connection *connection, const struct answer *answer,
                           const char *data) {
    on_answered(connection, answer, data);
    extract(again, answer, data, connection->user);
    connection->state = PARKED;
    if (!send_to(connection, again, connection->index))
        failed++;
}

void command_hold(const struct command *command) {
    static const struct listener again_listener = {on_connected, answered_again, on_failed};
    again = template_named(command, "template");
    begin();
    uint64_t until = began + (uint64_t)(number(command, "seconds", 1) * SECOND);
    while (now_ns() < until)
        loop_turn(&again_listener, until);
    report();
}

void command_close(const struct command *command) {
    unsigned last = last_of(command);
    for (unsigned index = (unsigned)number(command, "first", 0); index < last; index++)
        connection_close(&polls[index]);
    for (unsigned index = 0; index < publisher_count; index++)
        connection_close(&publishers[index]);
    printf("{}\n");
}

void command_target(const struct command *command) {
    port = (unsigned short)number(command, "port", 0);
    const char *host = word(command, "host");
    if (!loop_target(host ? host : "127.0.0.1", port,
                     (unsigned short)number(command, "publish", port),
                     (unsigned)number(command, "sources", 16)))
        fail("no such address");
    printf("{}\n");
}
