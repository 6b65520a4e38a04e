/* pump and follow: publishers that wait for each answer, and a reader that asks page after page. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define SECOND 1000000000.0
#define GRACE_NS 1000000000u /* for answers that are late */
#define MOST_ERRORS 1000

static void connected(struct connection *connection) { (void)connection; }

/* --- pump: publishers that each wait for their answer before they send again --- */

static struct {
    const struct template *template;
    unsigned items;
    uint64_t serial;
    uint64_t measured_from, until;
    unsigned requests, errors, failed, waiting;
} pump;

static void pump_send(struct connection *publisher) {
    const struct user *told[pump.items];
    for (unsigned each = 0; each < pump.items; each++)
        told[each] = publisher->user;
    publisher->intended = now_ns();
    publisher->state = ASKED;
    template_fill(pump.template, told, publisher->user ? pump.items : 0, pump.serial, &request);
    pump.serial += pump.items;
    pump.waiting++;
    if (!connection_send(publisher, &request)) {
        pump.failed++;
        pump.waiting--;
    }
}

static void pump_answered(struct connection *publisher, const struct answer *answer,
                          const char *data) {
    uint64_t now = now_ns();
    pump.waiting--;
    if (is_error(answer) && pump.errors++ == 0)
        fprintf(stderr, "answered: %.300s\n", data);
    if (now >= pump.measured_from && now < pump.until) {
        pump.requests++;
        histogram_record(&latency, now - publisher->intended);
    }
    publisher->state = OPEN;
    if (now < pump.until && pump.errors < MOST_ERRORS)
        pump_send(publisher);
}

static void pump_failed(struct connection *publisher) {
    (void)publisher;
    pump.failed++;
    pump.waiting--;
}

void command_pump(const struct command *command) {
    static const struct listener listener = {connected, pump_answered, pump_failed};
    double warm = number(command, "warm", 0.3), seconds = number(command, "seconds", 3);
    memset(&pump, 0, sizeof pump);
    pump.template = template_named(command, "template");
    pump.items = (unsigned)number(command, "items", 1);
    pump.serial = (uint64_t)number(command, "serial", 0);
    open_publishers(command, (unsigned)number(command, "publishers", 1));
    histogram_clear(&latency);
    uint64_t began = now_ns();
    pump.measured_from = began + (uint64_t)(warm * SECOND);
    pump.until = pump.measured_from + (uint64_t)(seconds * SECOND);
    for (unsigned index = 0; index < publisher_count; index++) {
        expect(&publishers[index], pump.template);
        pump_send(&publishers[index]);
    }
    uint64_t given_up = pump.until + 10 * GRACE_NS;
    while (pump.waiting > 0 && now_ns() < given_up)
        loop_turn(&listener, given_up);
    printf("{\"requests\": %u, \"per_second\": %.1f, \"items_per_second\": %.1f, "
           "\"errors\": %u, \"failed\": %u, \"lost\": %u, \"serial\": %llu, \"latency\": ",
           pump.requests, pump.requests / seconds, pump.requests * pump.items / seconds,
           pump.errors, pump.failed, pump.waiting, (unsigned long long)pump.serial);
    histogram_print(&latency);
    printf("}\n");
}

/* --- follow: one reader that asks for page after page --- */

static struct {
    const struct template *template;
    const char *mark, *stop;
    uint64_t page, step, pages, events, bytes;
    unsigned errors;
    bool is_over;
} follow;

static void follow_ask(struct connection *reader) {
    reader->intended = now_ns();
    reader->state = ASKED;
    if (!send_to(reader, follow.template, follow.page * follow.step))
        follow.is_over = true;
}

static void follow_answered(struct connection *reader, const struct answer *answer,
                            const char *data) {
    histogram_record(&latency, now_ns() - reader->intended);
    follow.bytes += answer->length;
    follow.page++;
    size_t width = strlen(follow.mark);
    const char *end = data + answer->length;
    for (const char *at = data;
         (at = memmem(at, (size_t)(end - at), follow.mark, width)) != NULL; at += width)
        follow.events++;
    if (is_error(answer)) {
        follow.errors++;
        fprintf(stderr, "answered: %.300s\n", data);
    }
    extract(follow.template, answer, data, reader->user);
    bool is_last = follow.stop != NULL &&
                   memmem(data, answer->length, follow.stop, strlen(follow.stop)) != NULL;
    if (follow.errors || is_last || follow.page == follow.pages)
        follow.is_over = true;
    else
        follow_ask(reader);
}

static void follow_failed(struct connection *reader) {
    (void)reader;
    follow.errors++;
    follow.is_over = true;
}

void command_follow(const struct command *command) {
    static const struct listener listener = {connected, follow_answered, follow_failed};
    memset(&follow, 0, sizeof follow);
    follow.template = template_named(command, "template");
    follow.mark = word(command, "mark");
    follow.stop = word(command, "stop");
    follow.step = (uint64_t)number(command, "step", 1);
    follow.pages = (uint64_t)number(command, "pages", 0);
    if (follow.mark == NULL || user_count == 0)
        fail("follow: a mark and a user are needed");
    open_publishers(command, 1);
    publishers[0].user = &users[(unsigned)number(command, "user", 0)];
    histogram_clear(&latency);
    uint64_t began = now_ns();
    uint64_t until = began + (uint64_t)(number(command, "patience", 120) * SECOND);
    follow_ask(&publishers[0]);
    while (!follow.is_over && now_ns() < until)
        loop_turn(&listener, until);
    double seconds = (double)(now_ns() - began) / SECOND;
    printf("{\"pages\": %llu, \"events\": %llu, \"bytes\": %llu, \"seconds\": %.6f, "
           "\"events_per_second\": %.1f, \"is_complete\": %s, \"errors\": %u, \"latency\": ",
           (unsigned long long)follow.page, (unsigned long long)follow.events,
           (unsigned long long)follow.bytes, seconds, (double)follow.events / seconds,
           follow.is_over ? "true" : "false", follow.errors);
    histogram_print(&latency);
    printf("}\n");
}
