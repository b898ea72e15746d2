#include "fail.h"
#include "note.h"
#include <unistd.h>

void fail(const char *what)
{
    note_last(what);
    _exit(1);
}
