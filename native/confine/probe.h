/* Finds out which layers the host supports, by trying them. */
#pragma once

int probe(void);
