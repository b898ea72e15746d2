/* A pseudo-terminal: the master for us, the slave for a command. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* 0 or an errno. The slave belongs to `owner`. */
int pty_open(int *master, int *slave, uid_t owner, uint16_t rows, uint16_t columns);
void pty_resize(int master, uint16_t rows, uint16_t columns);
