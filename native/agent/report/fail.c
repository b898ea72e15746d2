#include "fail.h"
#include "note.h"
#include <unistd.h>

void fail(const char *what)
{
    note(what);
    _exit(1);
}
