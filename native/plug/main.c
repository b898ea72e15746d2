/* vmlet-plug: hands QEMU's connection to the switch of a network. With --start, starts the switch if there is none, and
 * becomes another program: the plug itself, confined. See native/switch/PROTOCOL.md. */
#include "connection.h"
#include "dial.h"
#include "hand_over.h"
#include "note.h"
#include "peer.h"
#include "start.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 127,
    DIRECTORY_MAX = 95,
    SOCKET_PATH_SIZE = 108,
    NAME_MAX_BYTES = 63,
    MAC_BYTES = 17,
    /* Between attempts: another switch is starting or ending; the switch has refused; it cannot be started. */
    BUSY_MS = 50,
    REFUSED_MS = 1000,
    FIRST_DELAY_MS = 100,
    LAST_DELAY_MS = 5000,
};

const char program_name[] = "vmlet-plug";

/* The directory is private; but its mode may be changed, and another user could listen in the place of the switch. */
static const char of_another_user[] = "switch.sock belongs to another user";

static const char *directory;
static char socket_path[SOCKET_PATH_SIZE];

/* Each reason is written when it is new. */
static void explain(const char *reason)
{
    static char last[ANSWER_SIZE];
    if (strcmp(reason, last) == 0)
        return;
    snprintf(last, sizeof last, "%s", reason);
    note_text(directory, reason);
}

/* Returns the delay before the next attempt, 0 if the switch listens, -1 after the end of QEMU's connection. */
static int start(char **program)
{
    static int delay;
    const char *reason = "";
    switch (start_switch(directory, program, &reason)) {
    case START_READY:
        return 0;
    case START_BUSY:
        return BUSY_MS;
    case START_ABANDONED:
        return -1;
    case START_FAILED:
        break;
    }
    explain(reason);
    delay = delay ? 2 * delay : FIRST_DELAY_MS;
    if (delay > LAST_DELAY_MS)
        delay = LAST_DELAY_MS;
    return delay;
}

/* As start. */
static int start_if_none(char **program)
{
    int control = dial(socket_path);
    if (control < 0)
        return start(program);
    bool own = peer_is_of_this_user(control);
    close(control);
    if (own)
        return 0;
    explain(of_another_user);
    return REFUSED_MS;
}

/* Nothing of a switch is read here but whether it is ready: this process has all rights of the user. */
static int start_and_become(char **switch_program, char **next)
{
    int delay;
    while ((delay = start_if_none(switch_program)) != 0)
        if (delay < 0 || wait_for(-1, delay) == WAIT_QEMU_LEFT)
            return 0;
    execv(next[0], next);
    note(next[0]);
    return EXIT_NOT_FOUND;
}

/* Nothing is sent any more: the end shows that the port is closed. */
static int stay(int control)
{
    char discarded[64];
    close(QEMU_CONNECTION);
    while (recv(control, discarded, sizeof discarded, 0) > 0)
        continue;
    return 0;
}

static enum hand_over_result hand_over_to_own(int control, const char *name, const char *mac, char answer[ANSWER_SIZE])
{
    if (peer_is_of_this_user(control))
        return hand_over(control, name, mac, answer);
    snprintf(answer, ANSWER_SIZE, "%s", of_another_user);
    return HAND_OVER_REFUSED;
}

static int plug(const char *name, const char *mac)
{
    for (;;) {
        char answer[ANSWER_SIZE];
        int control = dial(socket_path), delay = BUSY_MS;
        /* Nobody listens any more. QEMU connects again, and its next plug starts a switch. */
        if (control < 0 && (errno == ECONNREFUSED || errno == ENOENT))
            return 0;
        if (control < 0 && errno != EAGAIN) {
            explain(strerror(errno));
            delay = REFUSED_MS;
        }
        if (control >= 0) {
            switch (hand_over_to_own(control, name, mac, answer)) {
            case HAND_OVER_ACCEPTED:
                return stay(control);
            case HAND_OVER_REFUSED:
                explain(answer);
                delay = REFUSED_MS;
                break;
            case HAND_OVER_UNANSWERED:
                break;
            case HAND_OVER_ABANDONED:
                return 0;
            }
            close(control);
        }
        if (wait_for(-1, delay) == WAIT_QEMU_LEFT)
            return 0;
    }
}

/* The switch checks the rest. */
static bool are_valid(const char *name, const char *mac)
{
    return strlen(name) <= NAME_MAX_BYTES && strlen(mac) == MAC_BYTES && !strpbrk(name, " \n") && !strpbrk(mac, " \n");
}

static bool read_directory(const char *path)
{
    directory = path;
    snprintf(socket_path, sizeof socket_path, "%s/switch.sock", path);
    return path[0] == '/' && strlen(path) <= DIRECTORY_MAX;
}

/* Ends the switch's words at the -- after them, and returns the program after that; NULL if it is not there. The switch's
 * own words have a --, too. */
static char **split_programs(const char *number, char **words)
{
    char *rest;
    unsigned long length = strtoul(number, &rest, 10), present = 0;
    while (words[present])
        present++;
    if (*rest || length == 0 || length >= present || strcmp(words[length], "--") != 0)
        return NULL;
    words[length] = NULL;
    char **next = words + length + 1;
    return *next && words[0][0] == '/' && *next[0] == '/' ? next : NULL;
}

int main(int count, char **arguments)
{
    static const char usage[] = "usage: vmlet-plug DIRECTORY NAME MAC\n"
                                "       vmlet-plug --start DIRECTORY COUNT SWITCH ARGUMENTS -- PROGRAM ARGUMENTS\n";
    bool starts = count > 4 && strcmp(arguments[1], "--start") == 0;
    char **next = starts ? split_programs(arguments[3], arguments + 4) : NULL;
    bool valid = starts ? next && read_directory(arguments[2])
                        : count == 4 && read_directory(arguments[1]) && are_valid(arguments[2], arguments[3]);
    if (!valid)
        return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : EXIT_USAGE;
    if (fcntl(QEMU_CONNECTION, F_GETFD) < 0) {
        note("descriptor 3");
        return EXIT_USAGE;
    }
    return starts ? start_and_become(arguments + 4, next) : plug(arguments[2], arguments[3]);
}
