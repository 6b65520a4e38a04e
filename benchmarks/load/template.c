#define _GNU_SOURCE
#include "template.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_clear(struct text *text) { text->length = 0; }

void text_free(struct text *text) {
    free(text->data);
    memset(text, 0, sizeof *text);
}

/* There is always room for a NUL beyond the end. */
void text_add(struct text *text, const char *data, size_t length) {
    if (text->length + length + 1 > text->room) {
        text->room = (text->length + length + 1) * 2;
        text->data = realloc(text->data, text->room);
        if (text->data == NULL)
            abort();
    }
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = 0;
}

struct text text_of_file(const char *path) {
    struct text text = {0};
    char block[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return text;
    text_add(&text, "", 0);
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;)
        text_add(&text, block, got);
    fclose(file);
    return text;
}

static void add_number(struct text *out, uint64_t number, const char *format) {
    char digits[24];
    text_add(out, digits,
             (size_t)snprintf(digits, sizeof digits, format, (unsigned long long)number));
}

/* What a place in braces stands for, but {{items}} and {{length}}. */
static void add_value(const char *name, const struct user *user, uint64_t number,
                      struct text *out) {
    if (isdigit((unsigned char)*name)) {
        unsigned column = (unsigned)atoi(name) - 1;
        if (user != NULL && column < user->column_count)
            text_add(out, user->columns[column], strlen(user->columns[column]));
    } else if (*name == 'n') {
        add_number(out, number, "%llu");
    } else if (*name == 'N') {
        add_number(out, number, "%012llu");
    } else if (user != NULL && *name >= 'a' && *name < 'a' + SLOTS) {
        const char *value = user->slots[*name - 'a'];
        if (value != NULL)
            text_add(out, value, strlen(value));
    }
}

/* Fill `source` in; true if it has {{length}}, whose place in `out` is `*length_at`. */
static void fill(const struct template *template, const struct text *source,
                 const struct user *const *users, unsigned count, uint64_t number,
                 struct text *out, size_t *length_at) {
    const char *at = source->data;
    const char *end = at + source->length;
    const struct user *user = count ? users[0] : NULL;
    while (at < end) {
        const char *open = memmem(at, (size_t)(end - at), "{{", 2);
        const char *close = open ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;
        if (close == NULL) {
            text_add(out, at, (size_t)(end - at));
            return;
        }
        text_add(out, at, (size_t)(open - at));
        if (strncmp(open, "{{items}}", 9) == 0) {
            for (unsigned index = 0; index < count; index++) {
                if (index > 0)
                    text_add(out, template->separator, strlen(template->separator));
                fill(template, &template->item, &users[index], 1, number + index, out, length_at);
            }
        } else if (strncmp(open, "{{length}}", 10) == 0) {
            *length_at = out->length;
        } else {
            add_value(open + 2, user, number, out);
        }
        at = close + 2;
    }
}

void template_fill(const struct template *template, const struct user *const *users,
                   unsigned count, uint64_t number, struct text *out) {
    size_t length_at = SIZE_MAX;
    text_clear(out);
    fill(template, &template->source, users, count, number, out, &length_at);
    if (length_at == SIZE_MAX)
        return;
    const char *blank = memmem(out->data, out->length, "\r\n\r\n", 4);
    size_t body = blank ? out->length - (size_t)(blank + 4 - out->data) : 0;
    char digits[24];
    size_t width = (size_t)snprintf(digits, sizeof digits, "%zu", body);
    text_add(out, digits, width); /* room for as many bytes; then they are moved into place */
    memmove(out->data + length_at + width, out->data + length_at,
            out->length - width - length_at);
    memcpy(out->data + length_at, digits, width);
}

void extraction_apply(const struct extraction *extraction, const char *data, size_t length,
                      struct user *user) {
    size_t width = strlen(extraction->before);
    const char *found = memmem(data, length, extraction->before, width);
    if (found == NULL)
        return;
    const char *begin = found + width;
    const char *end = begin;
    while (end < data + length && strchr(extraction->until, *end) == NULL)
        end++;
    free(user->slots[extraction->slot]);
    user->slots[extraction->slot] = strndup(begin, (size_t)(end - begin));
}

void advance(struct user *user) {
    char text[24];
    unsigned long long position = user->slots[0] ? strtoull(user->slots[0], NULL, 10) : 0;
    snprintf(text, sizeof text, "%llu", position + 1);
    free(user->slots[0]);
    user->slots[0] = strdup(text);
}
