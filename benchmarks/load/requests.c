/* What is asked, and for whom: the words of commands, templates, users. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"

#define MOST_TEMPLATES 32
#define MOST_EXTRACTIONS 16

struct user *users;
unsigned user_count;
struct connection *polls;
struct text request;

static struct {
    char *name;
    enum framing framing;
    unsigned replies;
    struct template template;
    struct extraction extractions[MOST_EXTRACTIONS];
    unsigned extraction_count;
} templates[MOST_TEMPLATES];
static unsigned template_count;

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

/* --- commands --- */

const char *word(const struct command *command, const char *name) {
    for (unsigned index = 0; index < command->count; index++)
        if (strcmp(command->names[index], name) == 0)
            return command->values[index];
    return NULL;
}

double number(const struct command *command, const char *name, double otherwise) {
    const char *text = word(command, name);
    return text ? strtod(text, NULL) : otherwise;
}

const char *needed(const struct command *command, const char *name) {
    const char *text = word(command, name);
    if (text == NULL)
        fail("%s: %s is missing", command->name, name);
    return text;
}

static void decode(char *text) {
    char *out = text;
    for (; *text; text++) {
        unsigned code;
        if (*text == '%' && sscanf(text + 1, "%2x", &code) == 1) {
            *out++ = (char)code;
            text += 2;
        } else {
            *out++ = *text;
        }
    }
    *out = 0;
}

struct command parse(char *line) {
    struct command command = {.name = strtok(line, " \n")};
    for (char *next; (next = strtok(NULL, " \n")) != NULL && command.count < 32;) {
        char *equals = strchr(next, '=');
        if (equals == NULL)
            fail("%s: no value in %s", command.name, next);
        *equals = 0;
        decode(equals + 1);
        command.names[command.count] = next;
        command.values[command.count++] = equals + 1;
    }
    return command;
}

/* --- templates --- */

const struct template *template_named(const struct command *command, const char *which) {
    const char *name = word(command, which);
    if (name == NULL)
        return NULL;
    for (unsigned index = 0; index < template_count; index++)
        if (strcmp(templates[index].name, name) == 0)
            return &templates[index].template;
    fail("no template %s", name);
}

/* The index of the entry that holds `template`. */
static unsigned entry_of(const struct template *template) {
    for (unsigned index = 0; index < template_count; index++)
        if (&templates[index].template == template)
            return index;
    fail("a template of nobody");
}

static struct text file_named(const char *path) {
    struct text text = text_of_file(path);
    if (text.data == NULL)
        fail("cannot read %s", path);
    return text;
}

void command_template(const struct command *command) {
    if (template_count == MOST_TEMPLATES)
        fail("too many templates");
    int framing = framing_of(needed(command, "framing"));
    if (framing < 0)
        fail("no such framing");
    const char *item = word(command, "item");
    const char *separator = word(command, "separator");
    templates[template_count].name = strdup(needed(command, "name"));
    templates[template_count].framing = (enum framing)framing;
    templates[template_count].replies = (unsigned)number(command, "replies", 1);
    templates[template_count].template.source = file_named(needed(command, "file"));
    if (item != NULL)
        templates[template_count].template.item = file_named(item);
    templates[template_count].template.separator = strdup(separator ? separator : ",");
    template_count++;
    printf("{}\n");
}

void command_extract(const struct command *command) {
    unsigned index = entry_of(template_named(command, "template"));
    if (templates[index].extraction_count == MOST_EXTRACTIONS)
        fail("too many extractions");
    unsigned slot = (unsigned)(*needed(command, "slot") - 'a');
    if (slot >= SLOTS)
        fail("no such slot");
    templates[index].extractions[templates[index].extraction_count++] =
        (struct extraction){.before = strdup(needed(command, "before")),
                            .until = strdup(needed(command, "until")),
                            .slot = slot};
    printf("{}\n");
}

void extract(const struct template *template, const struct answer *answer, const char *data,
             struct user *user) {
    unsigned index = entry_of(template);
    for (unsigned each = 0; each < templates[index].extraction_count; each++)
        extraction_apply(&templates[index].extractions[each], data, answer->length, user);
}

/* 408 is how some systems end a poll for which nothing came. */
bool is_error(const struct answer *answer) {
    return answer->status >= 400 && answer->status != 408;
}

void expect(struct connection *connection, const struct template *template) {
    unsigned index = entry_of(template);
    connection->framing = templates[index].framing;
    connection->replies = templates[index].replies;
}

bool send_to(struct connection *connection, const struct template *template, uint64_t serial) {
    const struct user *user = connection->user;
    expect(connection, template);
    template_fill(template, &user, user != NULL, serial, &request);
    return connection_send(connection, &request);
}

/* --- users --- */

void command_users(const struct command *command) {
    struct text text = file_named(needed(command, "file"));
    unsigned room = 0;
    for (char *line = strtok(text.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        if (user_count == room) {
            room = room ? room * 2 : 1024;
            users = realloc(users, room * sizeof *users);
            if (users == NULL)
                abort();
        }
        struct user *user = &users[user_count++];
        memset(user, 0, sizeof *user);
        for (char *column = line; column != NULL;) {
            char *tab = strchr(column, '\t');
            if (tab != NULL)
                *tab = 0;
            user->columns =
                realloc(user->columns, (user->column_count + 1) * sizeof *user->columns);
            user->columns[user->column_count++] = column;
            column = tab ? tab + 1 : NULL;
        }
    }
    const char *column = word(command, "cursor");
    for (unsigned index = 0; column != NULL && index < user_count; index++)
        users[index].slots[0] = strdup(users[index].columns[atoi(column) - 1]);
    polls = calloc(user_count, sizeof *polls);
    if (polls == NULL)
        abort();
    for (unsigned index = 0; index < user_count; index++) {
        polls[index].index = index;
        polls[index].user = &users[index];
    }
    printf("{\"users\": %u}\n", user_count);
}
