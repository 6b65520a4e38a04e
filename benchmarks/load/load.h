/* What the commands of the load generator share. */
#ifndef LOAD_H
#define LOAD_H

#include "connection.h"
#include "histogram.h"

/* --- words of a command: `name=value`, percent-encoded --- */

struct command {
    const char *name;
    unsigned count;
    char *names[32];
    char *values[32];
};

/* Takes the line apart, in place. */
struct command parse(char *line);
/* NULL where the command has no such word; `needed` fails then. */
const char *word(const struct command *command, const char *name);
const char *needed(const struct command *command, const char *name);
double number(const struct command *command, const char *name, double otherwise);
const struct template *template_named(const struct command *command, const char *word);
_Noreturn void fail(const char *format, ...);

/* --- what the commands work on --- */

extern struct user *users;
extern unsigned user_count;
extern struct connection *polls; /* one for each user */
extern struct connection *publishers;
extern unsigned publisher_count;
extern struct text request; /* the one that is sent now */
extern struct histogram latency;

/* Read what the answer to this template tells into the slots of the user. */
void extract(const struct template *template, const struct answer *answer, const char *data,
             struct user *user);
bool is_error(const struct answer *answer);

/* The answer that comes next is one to this template. */
void expect(struct connection *connection, const struct template *template);
/* Fill in the template for the user of the connection, and send it. */
bool send_to(struct connection *connection, const struct template *template, uint64_t serial);

/* Open so many connections for publishers and wait; `greeting` is sent on each first, if any. */
void open_publishers(const struct command *command, unsigned count);

/* --- the commands --- */

void command_target(const struct command *command);
void command_users(const struct command *command);
void command_template(const struct command *command);
void command_extract(const struct command *command);

void command_open(const struct command *command);
void command_ask(const struct command *command);
void command_park(const struct command *command);
void command_settle(const struct command *command);
void command_storm(const struct command *command);
void command_wake(const struct command *command);
void command_hold(const struct command *command);
void command_close(const struct command *command);

void command_run(const struct command *command);
void command_pump(const struct command *command);
void command_follow(const struct command *command);

#endif
