/* Forwards over the guest's agent: sockets of the host whose clients a relay leads to the guest. A relay is started when
 * a client connects, and again for the next one after its end. */
#pragma once
#include "identity.h"
#include "text.h"
#include <stdbool.h>

struct forwards_options {
    /* The table, the socket on which it is read again, the relay's command line, its log. NULL without forwards. */
    const char *table, *control, *arguments_file, *log_path;
};

/* `changed` is called when a relay was started or has ended. False, errno set; `path` names the file or address. */
bool forwards_open(const struct forwards_options *options, void (*changed)(void), const char **path);
void forwards_prepare(void);
void forwards_act(void);
void forwards_reaped(pid_t pid, int status);
/* QEMU has exited: the sockets are closed and removed, and relays still running are terminated, then killed. */
void forwards_end(void);
bool forwards_gone(void);
/* Prints the living relays as members of a JSON object. */
void forwards_print(struct text *text, const char *separator);
