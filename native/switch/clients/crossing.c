#include "crossing.h"
#include "addresses.h"
#include "capture.h"
#include "dhcp.h"

static struct table *table;

void crossing_use(struct table *next)
{
    table_free(table);
    table = next;
    for (unsigned index = 0; index < port_count; index++)
        port_configure(ports[index], table);
}

const struct table *crossing_table(void)
{
    return table;
}

static bool is_cut(const struct port *from, const struct port *to)
{
    for (unsigned index = 0; index < from->partition_count; index++)
        if (from->groups[index] >= 0 && to->groups[index] >= 0 && from->groups[index] != to->groups[index])
            return true;
    return false;
}

static void pass(struct port *from, struct port *to, const uint8_t *frame, size_t length)
{
    if (is_cut(from, to)) {
        to->counters.blocked++;
        return;
    }
    captures_record_delivery(from->name, to->name, frame, length);
    port_deliver(to, frame, length);
}

static void answer(struct port *asking, const uint8_t *frame, size_t length)
{
    uint8_t reply[DHCP_REPLY_MAX];
    size_t reply_length = dhcp_answer(table, frame, length, reply);
    if (reply_length == 0)
        return;
    captures_record(asking->name, reply, reply_length);
    port_deliver(asking, reply, reply_length);
}

void crossing_take(struct port *from, const uint8_t *frame, size_t length)
{
    const uint8_t *destination = frame + LENGTH_SIZE, *source = destination + MAC_SIZE;
    if (length < LENGTH_SIZE + ETHERNET_HEADER || !addresses_learn(from, source)) {
        from->counters.rejected++;
        return;
    }
    captures_record(from->name, frame, length);
    struct port *to = addresses_find(destination);
    if (to) {
        if (to != from)
            pass(from, to, frame, length);
        return;
    }
    for (unsigned index = 0; index < port_count; index++)
        if (ports[index] != from)
            pass(from, ports[index], frame, length);
    if (mac_is_group(destination))
        answer(from, frame, length);
}
