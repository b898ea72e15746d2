/* vmlet-switch: connects the members of a private network. See PROTOCOL.md. */
#include "addresses.h"
#include "clients.h"
#include "crossing.h"
#include "listener.h"
#include "lock.h"
#include "loop.h"
#include "note.h"
#include "port.h"
#include "requests.h"
#include "signals.h"
#include "table.h"
#include "words.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, LINGER_MS = 3000, LINGER_MAX_MS = 3600000 };

const char program_name[] = "vmlet-switch";

static struct listener listener = {.watch = {.fd = -1}};
static int64_t linger_ms = LINGER_MS;
/* INT64_MAX while there are ports. */
static int64_t end_at;

static bool fail(const char *what)
{
    note(what);
    return false;
}

static bool enter_directory(const char *path)
{
    struct stat status;
    if (chdir(path) < 0 || stat(".", &status) < 0)
        return fail(path);
    if (status.st_uid == geteuid() && (status.st_mode & 077) == 0)
        return true;
    note_text(path, "expected a directory of this user only, mode 0700");
    return false;
}

static bool hear_signals(void)
{
    static const int heard[] = {SIGTERM, SIGINT};
    return signals_watch(heard, sizeof heard / sizeof *heard) || fail("signals");
}

/* The plug waits for the word, and for the end of the pipe. */
static void report(const char *word)
{
    if (write(STDOUT_FILENO, word, strlen(word)) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        note("standard output");
}

static bool read_table(void)
{
    char problem[PROBLEM_SIZE];
    struct table *table = table_read("table", problem);
    if (!table) {
        note_text("invalid table", problem);
        return false;
    }
    crossing_use(table);
    return true;
}

/* The socket listens before the table is read: a client that cannot connect has changed it in time. */
static bool start(void)
{
    umask(077);
    addresses_start();
    if (!loop_start())
        return fail("epoll");
    if (!hear_signals())
        return false;
    if (!listener_open(&listener, "switch.sock"))
        return fail("switch.sock");
    if (read_table())
        return true;
    listener_close(&listener);
    return false;
}

static bool wait_for_events(void)
{
    bool busy = false;
    for (unsigned index = 0; index < port_count; index++) {
        busy = busy || ports[index]->connection.readable;
        loop_wake_at(link_wake_at(&ports[index]->from_card));
        loop_wake_at(link_wake_at(&ports[index]->to_card));
    }
    listener_prepare(&listener);
    clients_prepare();
    loop_wake_at(end_at);
    return loop_wait(busy);
}

static void forward(void)
{
    int64_t now = now_us();
    for (unsigned index = 0; index < port_count; index++) {
        port_read(ports[index], crossing_take);
        port_advance(ports[index], now, crossing_take);
    }
    /* All frames of one turn are sent together. */
    for (unsigned index = 0; index < port_count; index++)
        port_flush(ports[index]);
}

static bool has_ended(void)
{
    if (port_count > 0)
        end_at = INT64_MAX;
    else if (end_at == INT64_MAX)
        end_at = now_ms() + linger_ms;
    return signals_next() != 0 || request_to_end() || end_at <= now_ms();
}

static int serve(void)
{
    end_at = now_ms() + linger_ms;
    do {
        if (!wait_for_events()) {
            note("epoll");
            break;
        }
        clients_accept(&listener);
        clients_act();
        forward();
        clients_reap();
        if (!request_to_end())
            clients_flush();
        clients_reap();
    } while (!has_ended());
    /* A plug that is waiting to be accepted starts another switch. */
    listener_close(&listener);
    clients_flush();
    return 0;
}

static bool read_arguments(int count, char **arguments)
{
    uint64_t linger = LINGER_MS;
    bool valid = count == 2 || (count == 4 && strcmp(arguments[2], "--linger") == 0 &&
                                number_read(arguments[3], 1, LINGER_MAX_MS, &linger));
    linger_ms = (int64_t)linger;
    return valid && arguments[1][0] == '/';
}

int main(int count, char **arguments)
{
    static const char usage[] = "usage: vmlet-switch DIRECTORY [--linger MILLISECONDS]\n";
    ino_t inode;
    if (!read_arguments(count, arguments))
        return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : EXIT_USAGE;
    if (!enter_directory(arguments[1]))
        return 1;
    switch (lock_take("lock", &inode)) {
    case LOCK_HELD:
        break;
    case LOCK_BUSY:
        report("busy\n");
        return EXIT_BUSY;
    case LOCK_FAILED:
        fail("lock");
        return 1;
    }
    if (!start())
        return 1;
    report("ready\n");
    return serve();
}
