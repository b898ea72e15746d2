#include "session.h"
#include "agent.h"
#include "bytes.h"
#include "flow.h"
#include "greeting.h"
#include <string.h>
#include <sys/random.h>

static uint8_t nonce[NONCE_SIZE];

/* There is room for it: unsent frames are dropped first. */
static void ask(void)
{
    uint8_t payload[NONCE_SIZE + 4];
    if (getrandom(nonce, sizeof nonce, 0) < 0)
        put_u64(nonce, (uint64_t)wall_ms());
    memcpy(payload, nonce, NONCE_SIZE);
    put_u16(payload + NONCE_SIZE, VERSION_MIN);
    put_u16(payload + NONCE_SIZE + 2, VERSION_MAX);
    greeting.open = false;
    agent_begin_anew();
    agent_offer(FRAME_OPEN, 0, 0, payload, sizeof payload);
}

bool session_start(int fd)
{
    if (!agent_attach(fd))
        return false;
    ask();
    return true;
}

bool session_open(void) { return greeting.open; }

bool session_lives(void) { return agent_attached(); }

/* All channels have ended with the session. */
static void begin_again(void)
{
    flows_cut();
    ask();
}

static bool take_hello(const struct frame *frame)
{
    if (frame->length < HELLO_SIZE)
        return false;
    if (hello_answers(frame, nonce))
        greeting.open = get_u16(frame->payload + NONCE_SIZE) == VERSION_MAX;
    else if (hello_is_unasked(frame))
        begin_again();
    return true;
}

static bool take(const struct frame *frame)
{
    return frame->type == FRAME_HELLO ? take_hello(frame) : flows_take(frame);
}

bool session_read(void)
{
    bool progress = agent_read();
    for (struct frame frame;;) {
        if (!greeting.open) {
            if (!agent_find_hello(&frame))
                return progress;
            take_hello(&frame);
            continue;
        }
        enum frame_verdict verdict = agent_next(&frame);
        if (verdict == FRAME_PARTIAL)
            return progress;
        if (verdict == FRAME_INVALID || !take(&frame))
            begin_again();
    }
}
