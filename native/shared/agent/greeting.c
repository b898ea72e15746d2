#include "greeting.h"
#include <string.h>

struct greeting greeting;

bool hello_answers(const struct frame *frame, const uint8_t nonce[NONCE_SIZE])
{
    return memcmp(frame->payload, nonce, NONCE_SIZE) == 0 && frame->payload[14] == HELLO_ANSWER &&
           frame->payload[15] <= ROLE_SOCKET;
}

bool hello_is_unasked(const struct frame *frame)
{
    static const uint8_t none[NONCE_SIZE];
    return memcmp(frame->payload, none, NONCE_SIZE) == 0;
}
