/* Whether the program can gain privileges from a file that is setuid or has capabilities. */
#pragma once

void privileges_may_be_gained(void);
void privileges_give_up(void);
