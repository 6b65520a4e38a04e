/* The text of a request, with places that are filled in when it is sent:

   {{1}}, {{2}} ...  a column of the user it is for
   {{a}}, {{b}}      what was read from the user's last answer
   {{n}}             the number of this request, {{N}} with twelve digits
   {{items}}         the template's item, once for each user, with the separator between
   {{length}}        the length of all that follows the first empty line (of HTTP) */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#define SLOTS 2

struct text {
    char *data;
    size_t length;
    size_t room;
};

void text_clear(struct text *text);
void text_add(struct text *text, const char *data, size_t length);
void text_free(struct text *text);

/* A user: the columns of a line of the file of users, and what was read last. */
struct user {
    char **columns;
    unsigned column_count;
    char *slots[SLOTS];
};

struct template {
    struct text source;
    struct text item;
    const char *separator;
};

/* Whole file; NULL data where it cannot be read. */
struct text text_of_file(const char *path);

/* Write the request for `users` to `out`, in place of what it held. */
void template_fill(const struct template *template, const struct user *const *users,
                   unsigned count, uint64_t number, struct text *out);

/* What to read from an answer: what stands between `before` and any character of `until`. */
struct extraction {
    char *before;
    char *until;
    unsigned slot;
};

void extraction_apply(const struct extraction *extraction, const char *data, size_t length,
                      struct user *user);

/* Make the number in the first slot one greater. */
void advance(struct user *user);

#endif
