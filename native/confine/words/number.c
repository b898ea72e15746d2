#include "number.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool number_read(const char *text, unsigned long long most, unsigned long long *value)
{
    /* strtoull accepts spaces and signs. */
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    errno = 0;
    *value = strtoull(text, NULL, 10);
    return errno == 0 && *value <= most;
}
