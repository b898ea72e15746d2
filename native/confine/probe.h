/* What of all this the host has, found by trying it. */
#pragma once

int probe(void);
