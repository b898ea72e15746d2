/* vmlet-keeper: supervises a machine while it runs. PROGRAM.md describes its commands. */
#include "keep.h"
#include "note.h"
#include "pass.h"
#include "tap.h"
#include <string.h>
#include <unistd.h>

const char program_name[] = "vmlet-keeper";

static int explain(void)
{
    static const char usage[] = "usage: vmlet-keeper keep OPTIONS -- PROGRAM ARGUMENTS\n"
                                "       vmlet-keeper pass TEXT\n"
                                "       vmlet-keeper tap HELPER BRIDGE NUMBER -- PROGRAM ARGUMENTS\n";
    return write(STDERR_FILENO, usage, sizeof usage - 1) < 0 ? 1 : 2;
}

int main(int count, char **arguments)
{
    if (count > 2 && strcmp(arguments[1], "keep") == 0)
        return keep(arguments + 2);
    if (count == 3 && strcmp(arguments[1], "pass") == 0)
        return pass(arguments[2]);
    if (count > 2 && strcmp(arguments[1], "tap") == 0) {
        int status = tap(arguments + 2);
        return status < 0 ? explain() : status;
    }
    return explain();
}
