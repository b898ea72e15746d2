/* The request `plug` of native/switch/PROTOCOL.md. */
#pragma once
#include <stddef.h>

enum hand_over_result { HAND_OVER_ACCEPTED, HAND_OVER_REFUSED, HAND_OVER_UNANSWERED, HAND_OVER_ABANDONED };

enum { ANSWER_SIZE = 512 };

/* Sends QEMU's connection to the switch. `answer` becomes the reason of its refusal. */
enum hand_over_result hand_over(int control, const char *name, const char *mac, char answer[ANSWER_SIZE]);
