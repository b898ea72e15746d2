#include "boot_word.h"
#include "text_file.h"
#include <string.h>

bool boot_word(const char *word)
{
    char line[4096];
    if (text_file_read("/proc/cmdline", line, sizeof line) < 0)
        return false;
    char *rest;
    for (char *one = strtok_r(line, " \n", &rest); one; one = strtok_r(NULL, " \n", &rest))
        if (strcmp(one, word) == 0)
            return true;
    return false;
}
