#include "session.h"
#include "agent.h"
#include "bytes.h"
#include "client_session.h"
#include "downstream.h"
#include "failed_mounts.h"
#include "greeting.h"
#include "loop.h"
#include "mounts.h"
#include "names.h"
#include "request.h"
#include <string.h>
#include <sys/random.h>

static uint8_t nonce[NONCE_SIZE];
/* The agent was asked since it closed its port, and has not answered yet. */
static bool asked, waits;
/* Start time of the session. */
static int64_t began_at;

static void ask(void)
{
    uint8_t payload[NONCE_SIZE + 4];
    memcpy(payload, nonce, NONCE_SIZE);
    put_u16(payload + NONCE_SIZE, VERSION_MIN);
    put_u16(payload + NONCE_SIZE + 2, VERSION_MAX);
    waits = agent_offer(FRAME_OPEN, 0, 0, payload, sizeof payload);
}

static void begin(void)
{
    /* An answer to an earlier session must not match this one's. */
    if (getrandom(nonce, sizeof nonce, 0) < 0)
        put_u64(nonce, (uint64_t)wall_ms());
    greeting.open = false;
    asked = true;
    agent_begin_anew();
    ask();
}

/* Starts a new session, because all operations of the agent have ended. The clients are told, or their connections
 * closed. */
static void restart_session(enum hello_reason reason, bool dismiss)
{
    request_forget();
    channels_forget();
    for (unsigned place = 0; place < CLIENTS_MAX; place++) {
        struct client *client = clients[place];
        if (!client)
            continue;
        client->answered = false;
        if (!client->open)
            continue;
        client_session_end(client, dismiss ? HELLO_ANSWER : reason);
        client->dismissed = dismiss;
    }
    begin();
}

static void answer_clients(void)
{
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (clients[place])
            clients[place]->answered = clients[place]->asks;
}

static bool any_client_asks(void)
{
    for (unsigned place = 0; place < CLIENTS_MAX; place++)
        if (clients[place] && clients[place]->asks && !clients[place]->answered)
            return true;
    return false;
}

/* Clients wait for it: their commands may need it. */
static bool is_being_set_up(void) { return names_are_pending() || mounts_are_pending(); }

static void take_answer(const struct frame *frame)
{
    memcpy(greeting.hello, frame->payload, HELLO_SIZE);
    waits = false;
    bool was_open = greeting.open;
    if (!was_open)
        began_at = wall_ms();
    greeting.open = get_u16(greeting.hello + NONCE_SIZE) == VERSION_MAX;
    if (greeting.open && !was_open) {
        names_begin();
        mounts_begin();
    }
    /* The reason may have gone in the meantime. */
    else if (greeting.open && !is_being_set_up() && failed_mounts_first() && any_client_asks())
        mounts_retry();
    if (!greeting.open || !is_being_set_up())
        answer_clients();
}

bool session_set_up(void)
{
    if (!greeting.open)
        return false;
    if (names_are_pending() ? !names_pump() : !mounts_pump())
        return false;
    if (!is_being_set_up())
        answer_clients();
    return true;
}

/* Handles frames before there is a session. */
static void take_greeting(const struct frame *frame)
{
    if (frame->length < HELLO_SIZE)
        return;
    if (asked && hello_answers(frame, nonce))
        take_answer(frame);
    else if (hello_is_unasked(frame) && !asked)
        begin();
    else if (hello_is_unasked(frame) && agent_drained())
        ask(); /* It has just started and may have missed our OPEN. */
}

static bool take_pong(const struct frame *frame)
{
    if (frame->length > sizeof clients[0]->pong)
        return false;
    for (unsigned place = 0; place < CLIENTS_MAX; place++) {
        struct client *client = clients[place];
        if (!client || client->ping == 0 || client->ping != frame->channel)
            continue;
        memcpy(client->pong, frame->payload, frame->length);
        client->pong_length = frame->length;
        client->pong_due = true;
        client->ping = 0;
    }
    return true;
}

/* False when the agent violated the protocol. */
static bool take(const struct frame *frame)
{
    if (frame->type == FRAME_PONG)
        return take_pong(frame);
    if (frame->type != FRAME_HELLO)
        return downstream_take(frame);
    if (frame->length < HELLO_SIZE)
        return false;
    if (hello_answers(frame, nonce) && get_u16(frame->payload + NONCE_SIZE) == VERSION_MAX) {
        take_answer(frame);
        return true;
    }
    uint8_t reason = frame->payload[14];
    if (!hello_is_unasked(frame) || (reason != HELLO_STARTED && reason != HELLO_CONNECTED))
        return false;
    restart_session((enum hello_reason)reason, false);
    return true;
}

void session_read(void)
{
    for (struct frame frame;;) {
        if (!greeting.open) {
            if (!agent_find_hello(&frame))
                return;
            take_greeting(&frame);
            continue;
        }
        enum frame_verdict verdict = agent_next(&frame);
        if (verdict == FRAME_PARTIAL)
            return;
        if (verdict == FRAME_INVALID || !take(&frame))
            restart_session(HELLO_GARBAGE, false);
    }
}

void session_port_changed(bool open, int64_t time)
{
    /* If events are delayed, the next agent may have answered already. */
    if (!open) {
        if (greeting.open ? time >= began_at : asked && !waits)
            restart_session(HELLO_STARTED, true);
        return;
    }
    /* The port was opened after its agent had answered: saved memory was loaded, in which the agent is in another
     * session. */
    if (greeting.open && time > began_at)
        restart_session(HELLO_STARTED, true);
    else if (!asked)
        begin();
    else if (waits && !greeting.open && agent_drained())
        ask();
}

void session_memory_loaded(void)
{
    if (asked)
        restart_session(HELLO_STARTED, true);
}

void session_ask(void)
{
    /* The answer about the names or a mount will do for these clients. */
    bool is_set_up = !greeting.open || !is_being_set_up();
    if (waits || !is_set_up || !any_client_asks() || !agent_has_room())
        return;
    /* An OPEN with the same nonce does not end the session. */
    if (asked)
        ask();
    else
        begin();
}
