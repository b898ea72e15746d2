#include "output_log.h"
#include "log.h"
#include "protocol.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOG_MAX = 4 * 1024 * 1024, STAMP_MAX = 96, DAY = 24 * 3600 };

static struct log output_log = {.fd = -1};

bool output_log_open(const char *path) { return log_open(&output_log, path, LOG_MAX, LOG_CONTINUED); }

struct date {
    unsigned year, month, day;
};

/* The Gregorian date, without the 140 KiB of the C library's time zones and languages. */
static struct date date_of(int64_t days)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct date date = {.year = 1970, .month = 1};
    for (;; date.year++) {
        bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
        int64_t year = leap ? 366 : 365;
        if (days >= year) {
            days -= year;
            continue;
        }
        for (unsigned month = 0;; month++, date.month++) {
            int64_t length = lengths[month] + (leap && month == 1);
            if (days < length)
                break;
            days -= length;
        }
        date.day = (unsigned)days + 1;
        return date;
    }
}

static size_t write_stamp(char *at, bool error, bool whole)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct date date = date_of(now.tv_sec / DAY);
    unsigned second = (unsigned)(now.tv_sec % DAY);
    return (size_t)snprintf(at, STAMP_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%09ldZ %s %c ", date.year, date.month, date.day,
                            second / 3600, second / 60 % 60, second % 60, now.tv_nsec, error ? "stderr" : "stdout",
                            whole ? 'F' : 'P');
}

void output_log_write(bool error, const uint8_t *bytes, size_t length)
{
    static char line[STAMP_MAX + PAYLOAD_MAX + 1];
    while (length > 0) {
        size_t most = length < PAYLOAD_MAX ? length : PAYLOAD_MAX;
        const uint8_t *newline = memchr(bytes, '\n', most);
        size_t text = newline ? (size_t)(newline - bytes) : most, taken = text + (newline ? 1 : 0);
        size_t at = write_stamp(line, error, newline != NULL);
        memcpy(line + at, bytes, text);
        line[at + text] = '\n';
        log_line(&output_log, line, at + text + 1);
        bytes += taken;
        length -= taken;
    }
}
