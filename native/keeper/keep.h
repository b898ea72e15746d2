/* `vmlet-keeper keep`: supervises one machine, from its start to the record of its end. */
#pragma once

int keep(char **arguments);
