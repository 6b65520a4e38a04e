/* run: publish to users whose polls are parked, in an open or a closed loop. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "schedule.h"

#define SECOND 1000000000.0
#define MOST_ERRORS 1000

static struct {
    const struct template *publish, *poll, *read;
    bool advances; /* what the poll's reader has read is one more than before */
    bool is_closed;
    unsigned batch;
    unsigned lanes;
    unsigned busy; /* publishers */
    uint64_t serial;
    uint64_t measured_from, measured_until; /* by the time that was intended */
    unsigned *idle; /* a ring of users whose polls are parked and that wait for nothing */
    unsigned idle_first, idle_count, ring;
    unsigned woken; /* users that something is on its way to, or that read */
    struct random random;
    struct histogram acknowledged, answered, read_after;
    unsigned completed, errors, unasked, failed, dispatched;
    uint64_t last_completed;
    unsigned finished; /* as completed, also what was not measured */
    uint64_t began, last_finished;
} run;

static void put_idle(unsigned index) {
    run.idle[(run.idle_first + run.idle_count++) % run.ring] = index;
}

/* The one that waits longest, or in an open loop any of them. */
static unsigned take_idle(void) {
    unsigned *first = &run.idle[run.idle_first];
    if (!run.is_closed) {
        unsigned *other = &run.idle[(run.idle_first + random_below(&run.random, run.idle_count)) %
                                    run.ring];
        unsigned index = *other;
        *other = *first;
        *first = index;
    }
    unsigned index = *first;
    run.idle_first = (run.idle_first + 1) % run.ring;
    run.idle_count--;
    return index;
}

static bool is_measured(uint64_t intended) {
    return intended >= run.measured_from && intended < run.measured_until;
}

static void park_again(struct connection *poll) {
    poll->state = PARKED;
    poll->intended = 0;
    if (send_to(poll, run.poll, poll->index))
        put_idle(poll->index);
    else
        run.failed++;
}

static void complete(struct connection *poll) {
    run.finished++;
    run.last_finished = now_ns();
    if (is_measured(poll->intended)) {
        run.completed++;
        run.last_completed = now_ns();
    }
    run.woken--;
    park_again(poll);
}

static void poll_answered(struct connection *poll, const struct answer *answer, const char *data) {
    if (poll->state == PARKED) { /* nothing was published: its hold is over */
        run.unasked++;
        extract(run.poll, answer, data, poll->user);
        poll->state = PARKED;
        send_to(poll, run.poll, poll->index);
        return;
    }
    if (poll->state == WOKEN) {
        if (is_measured(poll->intended))
            histogram_record(&run.answered, now_ns() - poll->intended);
        extract(run.poll, answer, data, poll->user);
        if (run.advances)
            advance(poll->user);
        if (run.read == NULL) {
            complete(poll);
        } else {
            poll->state = ASKED;
            if (!send_to(poll, run.read, poll->index)) {
                run.failed++;
                run.woken--;
            }
        }
        return;
    }
    if (is_measured(poll->intended))
        histogram_record(&run.read_after, now_ns() - poll->intended);
    extract(run.read, answer, data, poll->user);
    complete(poll);
}

/* What was on its way is lost; its user waits for the next. */
static void poll_refused(struct connection *poll) {
    bool was_idle = poll->state == PARKED;
    if (!was_idle)
        run.woken--;
    poll->state = PARKED;
    poll->intended = 0;
    if (!send_to(poll, run.poll, poll->index))
        run.failed++;
    else if (!was_idle)
        put_idle(poll->index);
}

static void run_answered(struct connection *connection, const struct answer *answer,
                         const char *data) {
    if (is_error(answer) && run.errors++ == 0)
        fprintf(stderr, "answered: %.300s\n", data);
    if (!connection->is_publisher) {
        if (is_error(answer))
            poll_refused(connection);
        else
            poll_answered(connection, answer, data);
        return;
    }
    if (is_measured(connection->intended))
        histogram_record(&run.acknowledged, now_ns() - connection->intended);
    connection->state = OPEN;
    run.busy--;
}

static void run_failed(struct connection *connection) {
    /* Some systems take one publish on a connection, and end it after their answer. */
    if (connection->is_publisher && connection->was == OPEN && connection_open(connection))
        return;
    run.failed++;
    if (connection->is_publisher) {
        if (connection->was == ASKED)
            run.busy--;
    } else if (connection->was != PARKED) {
        run.woken--;
    }
}

static void run_connected(struct connection *connection) { (void)connection; }

static struct connection *free_publisher(void) {
    static unsigned next;
    for (unsigned tried = 0; tried < publisher_count; tried++, next++) {
        struct connection *publisher = &publishers[next % publisher_count];
        if (publisher->state == OPEN)
            return publisher;
    }
    return NULL;
}

static bool can_dispatch(void) { return run.idle_count >= run.batch && free_publisher() != NULL; }

static void dispatch(uint64_t intended) {
    struct connection *publisher = free_publisher();
    const struct user *told[run.batch];
    for (unsigned each = 0; each < run.batch; each++) {
        struct connection *poll = &polls[take_idle()];
        told[each] = poll->user;
        poll->state = WOKEN;
        poll->intended = intended;
        run.woken++;
    }
    publisher->intended = intended;
    publisher->state = ASKED;
    expect(publisher, run.publish);
    template_fill(run.publish, told, run.batch, run.serial, &request);
    run.serial += run.batch;
    run.dispatched += run.batch;
    if (connection_send(publisher, &request))
        run.busy++;
    else
        run.failed++;
}

static void run_report(double rate, unsigned unsent) {
    double seconds = (double)(run.measured_until - run.measured_from) / SECOND;
    /* What is completed late makes the time longer over which the rate is counted. */
    if (run.last_completed > run.measured_until)
        seconds = (double)(run.last_completed - run.measured_from) / SECOND;
    double elapsed = run.finished ? (double)(run.last_finished - run.began) / SECOND : 1;
    printf("{\"offered_per_second\": %.1f, \"completed\": %u, \"per_second\": %.1f, "
           "\"reached_per_second\": %.1f, "
           "\"unsent\": %u, \"lost\": %u, \"errors\": %u, \"failed\": %u, \"unasked\": %u, "
           "\"dispatched\": %u, \"acknowledged\": ",
           rate, run.completed, run.completed / seconds, run.finished / elapsed, unsent, run.woken, run.errors,
           run.failed, run.unasked, run.dispatched);
    histogram_print(&run.acknowledged);
    printf(", \"answered\": ");
    histogram_print(&run.answered);
    printf(", \"read\": ");
    histogram_print(&run.read_after);
    printf("}\n");
}

void command_run(const struct command *command) {
    static const struct listener listener = {run_connected, run_answered, run_failed};
    unsigned first = (unsigned)number(command, "first", 0);
    unsigned last = (unsigned)number(command, "last", user_count);
    double rate = number(command, "rate", 0);
    double warm = number(command, "warm", 0.5), seconds = number(command, "seconds", 3);
    uint64_t seed = (uint64_t)number(command, "seed", 1);
    memset(&run, 0, sizeof run);
    histogram_clear(&run.acknowledged);
    histogram_clear(&run.answered);
    histogram_clear(&run.read_after);
    run.publish = template_named(command, "publish");
    run.poll = template_named(command, "poll");
    run.read = template_named(command, "read");
    run.advances = number(command, "advance", 0) != 0;
    run.is_closed = rate == 0;
    run.lanes = (unsigned)number(command, "lanes", 1);
    run.batch = (unsigned)number(command, "batch", 1);
    run.serial = (uint64_t)number(command, "serial", 0);
    run.ring = last - first;
    run.idle = calloc(run.ring ? run.ring : 1, sizeof *run.idle);
    random_seed(&run.random, seed);
    open_publishers(command, (unsigned)number(command, "publishers", 1));
    for (unsigned index = first; index < last; index++)
        if (polls[index].state == PARKED)
            put_idle(index);
    if (run.idle_count < run.batch)
        fail("run: %u polls are parked", run.idle_count);

    struct schedule schedule;
    uint64_t began = run.began = now_ns();
    uint64_t length = (uint64_t)((warm + seconds) * SECOND);
    uint64_t until = began + length;
    /* For what is late: to be sent, and then to be answered. */
    uint64_t grace = (uint64_t)(number(command, "grace", 1) * SECOND);
    run.measured_from = began + (uint64_t)(warm * SECOND);
    run.measured_until = until;
    schedule_begin(&schedule, run.is_closed ? 1 : rate / run.batch, length,
                   number(command, "random", 1) != 0, seed);
    uint64_t due = run.is_closed ? UINT64_MAX : schedule_next(&schedule);
    while (run.errors + run.failed < MOST_ERRORS) {
        uint64_t now = now_ns();
        if (now >= until + grace || (run.is_closed && now >= until))
            break;
        if (!run.is_closed && due == UINT64_MAX)
            break;
        if (run.is_closed) {
            /* One that began a moment after the end would be sent, and not be measured. */
            while ((now = now_ns()) < until && run.woken + run.batch <= run.lanes * run.batch &&
                   can_dispatch())
                dispatch(now);
        } else {
            while (due != UINT64_MAX && began + due <= now_ns() && can_dispatch()) {
                dispatch(began + due);
                due = schedule_next(&schedule);
            }
        }
        uint64_t next = until;
        if (!run.is_closed && due != UINT64_MAX)
            next = can_dispatch() ? began + due : until + grace;
        loop_turn(&listener, next);
    }
    unsigned unsent = 0;
    for (; due != UINT64_MAX; due = schedule_next(&schedule))
        unsent += run.batch;
    uint64_t given_up = now_ns() + grace;
    while ((run.woken > 0 || run.busy > 0) && now_ns() < given_up)
        loop_turn(&listener, given_up);
    run_report(rate, unsent);
    free(run.idle);
    /* Whoever was never answered is not parked in a way that anything could be said about. */
    for (unsigned index = first; index < last; index++)
        if (polls[index].state == WOKEN || polls[index].state == ASKED)
            connection_close(&polls[index]);
}
