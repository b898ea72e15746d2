/* vmlet-plug: hands QEMU's connection to the switch of a network. See native/switch/PROTOCOL.md. */
#include "connection.h"
#include "dial.h"
#include "hand_over.h"
#include "note.h"
#include "peer.h"
#include "start.h"
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
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

static const char *directory, *name, *mac;
static char **program;

/* Each reason is written when it is new. */
static void explain(const char *reason)
{
    static char last[ANSWER_SIZE];
    if (strcmp(reason, last) == 0)
        return;
    snprintf(last, sizeof last, "%s", reason);
    note_text(directory, reason);
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

/* Returns the delay before the next attempt, -1 after the end of QEMU's connection. */
static int start(void)
{
    static int delay;
    const char *reason = "";
    switch (start_switch(directory, program, &reason)) {
    case START_READY:
        delay = 0;
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

/* The directory is private; but its mode may be changed, and another user could listen in the place of the switch. */
static enum hand_over_result hand_over_to_own(int control, char answer[ANSWER_SIZE])
{
    if (peer_is_of_this_user(control))
        return hand_over(control, name, mac, answer);
    snprintf(answer, ANSWER_SIZE, "switch.sock belongs to another user");
    return HAND_OVER_REFUSED;
}

static int plug(const char *path)
{
    for (;;) {
        char answer[ANSWER_SIZE];
        int control = dial(path), delay = control < 0 ? start() : BUSY_MS;
        if (control >= 0) {
            switch (hand_over_to_own(control, answer)) {
            case HAND_OVER_ACCEPTED:
                return stay(control);
            case HAND_OVER_REFUSED:
                explain(answer);
                delay = REFUSED_MS;
                break;
            case HAND_OVER_UNANSWERED:
                break;
            case HAND_OVER_ABANDONED:
                delay = -1;
                break;
            }
            close(control);
        }
        if (delay < 0 || wait_for(-1, delay) == WAIT_QEMU_LEFT)
            return 0;
    }
}

static bool read_arguments(int count, char **arguments)
{
    if (count < 6 || strcmp(arguments[4], "--") != 0)
        return false;
    directory = arguments[1];
    name = arguments[2];
    mac = arguments[3];
    program = arguments + 5;
    /* The switch checks the rest. */
    return directory[0] == '/' && strlen(directory) <= DIRECTORY_MAX && strlen(name) <= NAME_MAX_BYTES &&
           strlen(mac) == MAC_BYTES && !strpbrk(name, " \n") && !strpbrk(mac, " \n") && program[0][0] == '/';
}

int main(int count, char **arguments)
{
    static const char usage[] = "usage: vmlet-plug DIRECTORY NAME MAC -- PROGRAM ARGUMENTS\n";
    char path[SOCKET_PATH_SIZE];
    if (!read_arguments(count, arguments))
        return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : EXIT_USAGE;
    if (fcntl(QEMU_CONNECTION, F_GETFD) < 0) {
        note("descriptor 3");
        return EXIT_USAGE;
    }
    snprintf(path, sizeof path, "%s/switch.sock", directory);
    return plug(path);
}
