/* A program that is started again after it has ended, with a delay when it lived too short. */
#pragma once
#include "identity.h"
#include <stdint.h>
#include <sys/types.h>

/* Time for all of them to exit by themselves at the end, before they are terminated. */
enum { SERVICE_PATIENCE_MS = 2000 };

struct service {
    /* Its pid is 0 while it is not running. */
    struct identity process;
    int64_t started_at, not_before, delay;
    /* Time to kill a program that was asked to exit; INT64_MAX for none. */
    int64_t kill_at;
};

/* Its output is appended to a log of limited size. `first` and `second` become descriptors 3 and 4; -1 for none. */
pid_t service_spawn(char *const *arguments, const char *log_path, int first, int second);
/* `changed` is called before the event is written, so that a reader of the log finds the program in the record. */
void service_started(struct service *service, const char *name, pid_t pid, void (*changed)(void));
void service_failed(struct service *service, const char *name, int reason);
/* Asks it to exit, once. */
void service_terminate(struct service *service);
/* Kills it when the time for that has come. */
void service_act(struct service *service, int64_t now);
void service_ended(struct service *service, const char *name, int status, void (*changed)(void));
