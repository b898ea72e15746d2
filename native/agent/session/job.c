#include "job.h"
#include "loop.h"
#include "port.h"
#include "signals.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct job {
    struct channel channel;
    struct watch result;
};

void job_answer(uint32_t channel, const struct job_result *result)
{
    if (result->reason == 0)
        port_send(FRAME_DONE, 0, channel, NULL, 0);
    else
        channel_fail(channel, (enum phase)result->phase, result->reason, result->subject[0] ? result->subject : NULL);
}

static bool job_pump(struct channel *channel)
{
    struct job *job = (struct job *)channel;
    struct job_result result;
    if (channel->finished || !job->result.readable)
        return false;
    ssize_t count = read(job->result.fd, &result, sizeof result);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        job->result.readable = errno == EINTR;
        return false;
    }
    if (count != (ssize_t)sizeof result)
        result = (struct job_result){.phase = PHASE_RESOURCES, .reason = EIO};
    job_answer(channel->id, &result);
    channel->finished = true;
    return true;
}

static bool job_receive(struct channel *channel, const struct frame *frame)
{
    (void)channel;
    (void)frame;
    return false;
}

/* The work itself continues; only its result is lost. */
static void job_discard(struct channel *channel)
{
    struct job *job = (struct job *)channel;
    watch_close(&job->result);
    free(job);
}

static const struct channel_kind job_kind = {.receive = job_receive, .pump = job_pump, .discard = job_discard};

static _Noreturn void run_job(void (*work)(struct field_reader, struct job_result *), struct field_reader request,
                              int pipe_end)
{
    struct job_result result = {0};
    signals_restore();
    /* Commands must see the end of their input while a job runs: close all their pipes. */
    if (dup2(pipe_end, 3) < 0)
        _exit(1);
    syscall(SYS_close_range, 4, ~0u, 0);
    work(request, &result);
    _exit(write(3, &result, sizeof result) == sizeof result ? 0 : 1);
}

void job_start(uint32_t channel, void (*work)(struct field_reader, struct job_result *), struct field_reader request)
{
    struct job_result failure = {.phase = PHASE_RESOURCES};
    int ends[2] = {-1, -1};
    struct job *job = calloc(1, sizeof *job);
    if (!job || pipe2(ends, O_CLOEXEC) < 0) {
        failure.reason = errno;
        goto failed;
    }
    job->channel = (struct channel){.id = channel, .kind = &job_kind};
    pid_t pid = fork();
    if (pid == 0)
        run_job(work, request, ends[1]);
    failure.reason = errno;
    close(ends[1]);
    ends[1] = -1;
    if (pid < 0)
        goto failed;
    if (!watch_open(&job->result, ends[0])) {
        failure.reason = errno;
        ends[0] = -1;
        goto failed;
    }
    if (channel_add(&job->channel))
        return;
    failure.reason = EAGAIN;
    watch_close(&job->result);
    ends[0] = -1;
failed:
    for (int index = 0; index < 2; index++)
        if (ends[index] >= 0)
            close(ends[index]);
    free(job);
    job_answer(channel, &failure);
}
