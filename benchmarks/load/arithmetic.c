/* For the tests of the generator: its arithmetic, on standard input and output.

   histogram VALUE...             prints min, p50, p90, p99, p99.9, max and mean
   schedule RATE NS RANDOM SEED   prints when each is due
   framing NAME REPLIES HEX       prints length, status and body length, or `broken`
   fill SOURCE ITEM NUMBER COLUMN... prints the request for two users */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "framing.h"
#include "histogram.h"
#include "schedule.h"
#include "template.h"

static void quantiles(int count, char **values) {
    static struct histogram histogram;
    histogram_clear(&histogram);
    for (int index = 0; index < count; index++)
        histogram_record(&histogram, strtoull(values[index], NULL, 10));
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.3f\n",
           histogram.count ? histogram.least : 0, histogram_quantile(&histogram, 0.5),
           histogram_quantile(&histogram, 0.9), histogram_quantile(&histogram, 0.99),
           histogram_quantile(&histogram, 0.999), histogram.most, histogram_mean(&histogram));
}

static void due(char **arguments) {
    struct schedule schedule;
    schedule_begin(&schedule, strtod(arguments[0], NULL), strtoull(arguments[1], NULL, 10),
                   atoi(arguments[2]) != 0, strtoull(arguments[3], NULL, 10));
    for (uint64_t at; (at = schedule_next(&schedule)) != UINT64_MAX;)
        printf("%" PRIu64 "\n", at);
}

static void frame(char **arguments) {
    struct text text = {0};
    for (const char *hex = arguments[2]; hex[0] && hex[1]; hex += 2) {
        unsigned byte;
        char one;
        if (sscanf(hex, "%2x", &byte) != 1)
            exit(2);
        one = (char)byte;
        text_add(&text, &one, 1);
    }
    text_add(&text, "", 0);
    struct answer answer;
    if (framing_read((enum framing)framing_of(arguments[0]), text.data, text.length,
                     (unsigned)atoi(arguments[1]), &answer))
        printf("%zu %d %zu\n", answer.length, answer.status, answer.body_length);
    else
        printf("broken\n");
}

static void filled(int count, char **arguments) {
    struct template template = {.separator = ","};
    struct text out = {0};
    struct user user = {.columns = arguments + 3, .column_count = (unsigned)count - 3};
    const struct user *both[] = {&user, &user};
    text_add(&template.source, arguments[0], strlen(arguments[0]));
    text_add(&template.item, arguments[1], strlen(arguments[1]));
    struct extraction extraction = {.before = "cursor=", .until = ";", .slot = 0};
    extraction_apply(&extraction, "x cursor=abc; y", 15, &user);
    template_fill(&template, both, 2, strtoull(arguments[2], NULL, 10), &out);
    fwrite(out.data, 1, out.length, stdout);
}

int main(int count, char **arguments) {
    if (count >= 2 && strcmp(arguments[1], "histogram") == 0)
        quantiles(count - 2, arguments + 2);
    else if (count == 6 && strcmp(arguments[1], "schedule") == 0)
        due(arguments + 2);
    else if (count == 5 && strcmp(arguments[1], "framing") == 0)
        frame(arguments + 2);
    else if (count >= 5 && strcmp(arguments[1], "fill") == 0)
        filled(count - 2, arguments + 2);
    else
        return 2;
    return 0;
}
