/* Whether the program can become more than it is, by a file that is setuid or has capabilities. */
#pragma once

void privileges_may_be_gained(void);
void privileges_give_up(void);
