/* The names of private networks in /etc/hosts: a block of lines for each network, `# vmlet NETWORK` to
 * `# end of vmlet NETWORK`, which the host writes too (hosts-text.ts). */
#pragma once

/* Far more than the names of all members; the same limit as on the host. */
enum { HOSTS_MAX = 1 << 20 };

/* Returns the beginning of the first block in the text of a hosts file, or the end of the text. */
char *hosts_first_block(char *text);
/* Removes the blocks from the text of a hosts file. */
void hosts_strip(char *text);
/* Replaces all blocks of /etc/hosts by these, and keeps its other lines. 0 or an errno. */
int hosts_set_blocks(const char *blocks);
