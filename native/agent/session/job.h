/* Slow work in a process of its own, so that it does not block the agent. */
#pragma once
#include "channel.h"

/* The result of a job; `reason` 0 is success. */
struct job_result {
    int phase;
    int reason;
    char subject[256];
};

/* Runs `work` in a forked child; its result becomes DONE or FAILED on the channel. */
void job_start(uint32_t channel, void (*work)(struct field_reader request, struct job_result *result),
               struct field_reader request);
/* Sends the same answer for work that was done at once. */
void job_answer(uint32_t channel, const struct job_result *result);
