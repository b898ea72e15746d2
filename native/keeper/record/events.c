#include "events.h"
#include "log.h"
#include "loop.h"
#include <stdlib.h>
#include <string.h>

enum { LOG_MAX = 1024 * 1024, LIFE_MAX = 32, LIFE_LENGTH_MAX = 4096 };

static struct log events = {.fd = -1};
/* A ring: the next event is stored at `life_count` modulo its size. */
static char *life[LIFE_MAX];
static unsigned life_count;

bool events_open(const char *path)
{
    return log_open(&events, path, LOG_MAX, LOG_ANEW);
}

static bool is_of_life(struct span name)
{
    static const char *const names[] = {"SHUTDOWN", "POWERDOWN", "GUEST_PANICKED", "WATCHDOG"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++)
        if (json_is_string(name, names[index]))
            return true;
    return false;
}

void events_take(struct span name, char *line, size_t length)
{
    if (is_of_life(name) && length <= LIFE_LENGTH_MAX) {
        char **place = &life[life_count++ % LIFE_MAX];
        free(*place);
        *place = strndup(line, length);
    }
    line[length] = '\n';
    log_line(&events, line, length + 1);
}

void events_add(const char *name, const char *data)
{
    char line[EVENT_DATA_MAX + 256];
    struct text text = {.at = line, .size = sizeof line};
    int64_t now = wall_ms();
    text_print(&text, "{\"timestamp\":{\"seconds\":%lld,\"microseconds\":%lld},\"event\":\"%s\",\"data\":%s}\n",
               (long long)now / 1000, (long long)now % 1000 * 1000, name, data);
    if (!text.cut)
        log_line(&events, line, text.length);
}

void events_print_life(struct text *text)
{
    unsigned first = life_count > LIFE_MAX ? life_count - LIFE_MAX : 0;
    const char *separator = "";
    for (unsigned index = first; index < life_count; index++) {
        const char *line = life[index % LIFE_MAX];
        if (line) {
            text_print(text, "%s%s", separator, line);
            separator = ",";
        }
    }
}
