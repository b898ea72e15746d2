/* The poll loop: who is readable or writable, and how late it is. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct watch {
    int fd;
    /* What poll said in the last wait; 0 when the descriptor was not in it. */
    short happened;
};

/* The next wait, and only that one, looks at the descriptor too. A descriptor below 0 is left out. */
void loop_watch(struct watch *watch, short events);
/* The next wait ends at `time` (of now_ms) at the latest. */
void loop_wake_at(int64_t time);
void loop_wait(void);
void watch_close(struct watch *watch);

/* Milliseconds on a clock that never jumps. */
int64_t now_ms(void);
/* Milliseconds since 1970. */
int64_t wall_ms(void);
