#include "failed_mounts.h"

static const struct part *next_failure(unsigned *index)
{
    while (*index < mount_request.count) {
        const struct part *part = &mount_request.parts[(*index)++];
        if (part->path && part->reason)
            return part;
    }
    return NULL;
}

const struct part *failed_mounts_first(void)
{
    unsigned index = 0;
    return next_failure(&index);
}

void failed_mount_print(struct text *text, const struct part *part)
{
    text_print(text, "{\"path\":");
    text_print_string(text, part->path);
    text_print(text, ",\"phase\":%u,\"errno\":%u}", part->phase, (unsigned)part->reason);
}

void failed_mounts_print(struct text *text)
{
    unsigned index = 0;
    const char *separator = "";
    text_print(text, "[");
    for (const struct part *part; (part = next_failure(&index)); separator = ",") {
        text_print(text, "%s", separator);
        failed_mount_print(text, part);
    }
    text_print(text, "]");
}
