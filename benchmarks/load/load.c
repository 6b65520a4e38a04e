/* The load generator: obeys a command a line on standard input, answers each with a line of JSON.
   generator.py drives it. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

int main(void) {
    static const struct {
        const char *name;
        void (*obey)(const struct command *command);
    } commands[] = {
        {"target", command_target}, {"users", command_users},   {"template", command_template},
        {"extract", command_extract}, {"open", command_open},   {"ask", command_ask},
        {"park", command_park},     {"settle", command_settle}, {"storm", command_storm},
        {"wake", command_wake},     {"hold", command_hold},     {"run", command_run},
        {"pump", command_pump},     {"follow", command_follow}, {"close", command_close},
    };
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    loop_begin();
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        struct command command = parse(line);
        if (command.name == NULL)
            continue;
        unsigned index = 0;
        while (index < sizeof commands / sizeof *commands &&
               strcmp(commands[index].name, command.name) != 0)
            index++;
        if (index == sizeof commands / sizeof *commands)
            fail("no command %s", command.name);
        commands[index].obey(&command);
        fflush(stdout);
    }
    return 0;
}
