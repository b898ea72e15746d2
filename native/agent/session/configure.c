#include "configure.h"
#include "hosts.h"
#include "init.h"
#include "job.h"
#include "kept.h"
#include "machine_id.h"
#include "modules.h"
#include "mounts.h"
#include "network.h"
#include "role.h"
#include "system.h"
#include "volumes.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_failure(struct job_result *result, enum phase phase, int reason, const char *subject)
{
    result->phase = phase;
    result->reason = reason;
    snprintf(result->subject, sizeof result->subject, "%s", subject ? subject : "");
}

/* Applies fields that take no time. 0 or an errno. */
static int apply_quick(const struct field *field)
{
    const char *text = field_text(field);
    uint64_t time;
    switch (field->tag) {
    case FIELD_HOSTNAME:
        return text ? system_set_hostname(text) : EBADMSG;
    case FIELD_MACHINE_ID:
        return text ? machine_id_set(text) : EBADMSG;
    case FIELD_TIME:
        return field_u64(field, &time) ? system_set_clock(time) : EBADMSG;
    case FIELD_ENTROPY:
        return system_add_entropy(field->value, field->length);
    case FIELD_HOSTS:
        return text ? 0 : EBADMSG;
    case FIELD_HOST_ROOT:
        return field->length == 0 ? 0 : EBADMSG;
    default:
        return field->tag == FIELD_MODULE || mounts_is_field(field->tag) || network_is_field(field->tag) ? 0 : EBADMSG;
    }
}

/* Before all else, which is about the new root directory. The agent has to wait: it is the process whose root changes. */
static void switch_root(struct field_reader reader, struct job_result *result)
{
    struct field field;
    bool is_asked = false;
    while (field_next(&reader, &field))
        is_asked |= field.tag == FIELD_HOST_ROOT;
    if (!is_asked)
        return;
    const char *failed = NULL;
    if (agent_role() != ROLE_INIT)
        set_failure(result, PHASE_SYSTEM, EPERM, "root directory");
    else if ((failed = init_switch_to_host()) != NULL)
        set_failure(result, PHASE_MOUNT, errno, failed);
}

static void apply_all_quick(struct field_reader reader, struct job_result *result)
{
    struct field field;
    while (field_next(&reader, &field)) {
        int reason = apply_quick(&field);
        if (reason) {
            set_failure(result, reason == EBADMSG ? PHASE_REQUEST : PHASE_SYSTEM, reason,
                        field.tag == FIELD_HOSTNAME     ? "hostname"
                        : field.tag == FIELD_MACHINE_ID ? "machine id"
                        : field.tag == FIELD_TIME       ? "clock"
                        : field.tag == FIELD_ENTROPY    ? "entropy"
                                                        : NULL);
            return;
        }
    }
    if (reader.malformed)
        set_failure(result, PHASE_REQUEST, EBADMSG, NULL);
}

static void apply_slow(struct field_reader request, struct job_result *result)
{
    struct field field;
    bool has_links = false, has_mounts = false;
    const char *blocks = NULL;
    for (struct field_reader reader = request; field_next(&reader, &field);) {
        const char *text = field_text(&field);
        has_links |= network_is_field(field.tag);
        has_mounts |= field.tag == FIELD_MOUNT;
        if (field.tag == FIELD_HOSTS)
            blocks = text;
        if (field.tag != FIELD_MODULE)
            continue;
        int reason = text ? module_load(text) : EBADMSG;
        if (reason) {
            set_failure(result, PHASE_MODULE, reason, text);
            return;
        }
    }
    const char *subject = NULL;
    int reason = has_links ? network_apply(request, &subject) : 0;
    if (reason) {
        set_failure(result, PHASE_NETWORK, reason, subject);
        return;
    }
    reason = has_mounts ? mounts_apply(request, &subject) : 0;
    if (reason) {
        set_failure(result, reason == EBADMSG ? PHASE_REQUEST : PHASE_MOUNT, reason, subject);
        return;
    }
    /* Last: a guest whose hosts file cannot be changed has everything else. */
    reason = blocks ? hosts_set_blocks(blocks) : 0;
    if (reason)
        set_failure(result, PHASE_FILE, reason, "/etc/hosts");
}

void configure_start(uint32_t channel, struct field_reader request)
{
    struct job_result result = {0};
    struct field field;
    bool slow = false;
    switch_root(request, &result);
    if (result.reason == 0)
        apply_all_quick(request, &result);
    for (struct field_reader reader = request; field_next(&reader, &field);)
        slow |= field.tag == FIELD_MODULE || field.tag == FIELD_MOUNT || field.tag == FIELD_HOSTS ||
                network_is_field(field.tag);
    mounts_note(request);
    /* In micro, nothing but its user removes an address. */
    if (agent_role() == ROLE_SERVICE)
        kept_note(request);
    if (result.reason == 0 && slow && !network_change_link(request, agent_role() == ROLE_INIT))
        job_start(channel, apply_slow, request);
    else
        job_answer(channel, &result);
}

static void run_sync(struct field_reader request, struct job_result *result)
{
    (void)request;
    (void)result;
    sync();
}

static void run_release(struct field_reader request, struct job_result *result)
{
    (void)request;
    (void)result;
    volumes_release();
}

void release_start(uint32_t channel) { job_start(channel, run_release, (struct field_reader){0}); }

void sync_start(uint32_t channel) { job_start(channel, run_sync, (struct field_reader){0}); }
