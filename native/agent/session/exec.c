#include "exec.h"
#include "bytes.h"
#include "channel.h"
#include "children.h"
#include "port.h"
#include "pty.h"
#include "spawn.h"
#include "stream.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct command {
    struct channel channel;
    pid_t pid;
    bool running;
    bool is_terminal;
    struct watch status;
    struct drain input;
    struct source output, error;
};

/* Reads whether the exec succeeded, as soon as that is known. */
static void read_status(struct command *command)
{
    struct spawn_failure failure;
    if (command->status.fd < 0)
        return;
    ssize_t count = read(command->status.fd, &failure, sizeof failure);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        command->status.readable = errno == EINTR;
        return;
    }
    watch_close(&command->status);
    if (count == (ssize_t)sizeof failure) {
        channel_fail(command->channel.id, (enum phase)failure.phase, failure.reason, NULL);
        command->channel.finished = true;
        return;
    }
    uint8_t pid[4];
    put_u32(pid, (uint32_t)command->pid);
    port_send(FRAME_STARTED, 0, command->channel.id, pid, sizeof pid);
}

static bool command_pump(struct channel *channel)
{
    struct command *command = (struct command *)channel;
    if (command->status.readable)
        read_status(command);
    if (command->status.fd >= 0 || channel->finished)
        return false;
    bool progress = drain_pump(&command->input, channel->id);
    progress |= source_pump(&command->error, channel->id);
    progress |= source_pump(&command->output, channel->id);
    if (!command->running && !command->output.open && !command->error.open)
        channel->finished = true;
    return progress;
}

static void command_reaped(struct channel *channel, pid_t pid, int status)
{
    struct command *command = (struct command *)channel;
    if (!command->running || command->pid != pid)
        return;
    command->running = false;
    read_status(command);
    if (channel->finished)
        return;
    drain_close(&command->input);
    command->input.ended = true;
    uint8_t payload[2] = {0, 0};
    if (WIFSIGNALED(status))
        payload[1] = (uint8_t)WTERMSIG(status);
    else
        payload[0] = (uint8_t)WEXITSTATUS(status);
    port_send(FRAME_EXIT, 0, channel->id, payload, sizeof payload);
    source_limit(&command->output);
    source_limit(&command->error);
}

static bool receive_credit(struct command *command, const struct frame *frame)
{
    struct source *source = frame->flag == STREAM_OUTPUT ? &command->output : &command->error;
    if (frame->length != 4 || (frame->flag != STREAM_OUTPUT && frame->flag != STREAM_ERROR))
        return false;
    return !source->open || source_grant(source, get_u32(frame->payload));
}

static bool command_receive(struct channel *channel, const struct frame *frame)
{
    struct command *command = (struct command *)channel;
    switch (frame->type) {
    case FRAME_DATA:
        return frame->flag == STREAM_INPUT && drain_receive(&command->input, frame->payload, frame->length);
    case FRAME_END:
        drain_end(&command->input);
        return frame->flag == STREAM_INPUT;
    case FRAME_CREDIT:
        return receive_credit(command, frame);
    case FRAME_SIGNAL:
        if (frame->length != 1 || frame->payload[0] == 0 || frame->payload[0] >= NSIG)
            return false;
        if (command->running)
            child_signal(command->pid, frame->payload[0]);
        return true;
    case FRAME_RESIZE:
        if (frame->length != 4)
            return false;
        if (command->is_terminal && command->output.open)
            pty_resize(command->output.watch.fd, get_u16(frame->payload), get_u16(frame->payload + 2));
        return true;
    default:
        return false;
    }
}

static void command_discard(struct channel *channel)
{
    struct command *command = (struct command *)channel;
    if (command->running && !channel->finished)
        child_condemn(command->pid);
    watch_close(&command->status);
    drain_close(&command->input);
    source_close(&command->output);
    source_close(&command->error);
    free(command);
}

static const struct channel_kind command_kind = {
    .receive = command_receive, .pump = command_pump, .reaped = command_reaped, .discard = command_discard};

static bool open_streams(struct command *command, const struct spawned *spawned, bool terminal)
{
    bool opened = watch_open(&command->status, spawned->status);
    command->input.ended = true;
    if (spawned->input >= 0)
        opened &= drain_open(&command->input, spawned->input, terminal);
    if (spawned->output >= 0)
        opened &= source_open(&command->output, spawned->output, STREAM_OUTPUT, terminal);
    if (spawned->error >= 0)
        opened &= source_open(&command->error, spawned->error, STREAM_ERROR, false);
    return opened;
}

static int start(uint32_t channel, const struct command_line *line)
{
    struct spawned spawned;
    struct command *command = calloc(1, sizeof *command);
    if (!command)
        return ENOMEM;
    command->channel = (struct channel){.id = channel, .kind = &command_kind};
    command->status.fd = -1;
    command->is_terminal = line->flags & EXEC_TERMINAL;
    if (!channel_add(&command->channel)) {
        free(command);
        return EAGAIN;
    }
    int reason = spawn(line, &spawned);
    if (!reason) {
        command->pid = spawned.pid;
        command->running = true;
        if (!open_streams(command, &spawned, command->is_terminal)) {
            reason = errno;
            child_condemn(command->pid);
        }
    }
    /* The caller reports the failure; the table frees the channel. */
    command->channel.finished = reason != 0;
    return reason;
}

void exec_start(uint32_t channel, struct field_reader request)
{
    struct command_line line;
    enum phase phase;
    int reason = command_line_read(&line, request, &phase);
    if (!reason) {
        phase = PHASE_RESOURCES;
        reason = start(channel, &line);
    }
    command_line_free(&line);
    if (reason)
        channel_fail(channel, phase, reason, NULL);
}
