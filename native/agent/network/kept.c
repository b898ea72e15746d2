#include "kept.h"
#include "address.h"
#include "link.h"
#include "loop.h"
#include "netlink.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* With the pause, the agent and a program that removes an address time and again cost the guest little. */
enum { MOST = 16, CARD_SIZE = sizeof "00:00:00:00:00:00", PAUSE_MS = 1000 };

/* Free if its address has no length. */
static struct kept {
    char card[CARD_SIZE];
    struct address address;
} table[MOST];

/* Changes of IPv6 addresses. */
static struct watch news = {.fd = -1};
/* When the addresses are looked at: 0 for not at all. */
static int64_t due;
static int64_t last;

static bool is_of(const struct kept *kept, const char *card)
{
    return kept->address.length > 0 && strcasecmp(kept->card, card) == 0;
}

static void forget(const char *card)
{
    for (struct kept *kept = table; kept < table + MOST; kept++)
        if (is_of(kept, card))
            kept->address.length = 0;
}

/* Cards of networks that the guest has left. */
static void forget_absent(void)
{
    for (struct kept *kept = table; kept < table + MOST; kept++)
        if (kept->address.length > 0 && link_search(kept->card) == 0)
            kept->address.length = 0;
}

static void rename_card(const char *card, const char *new)
{
    for (struct kept *kept = table; kept < table + MOST; kept++)
        if (is_of(kept, card))
            snprintf(kept->card, sizeof kept->card, "%s", new);
}

static void remember(const char *card, const struct address *address)
{
    for (struct kept *kept = table; kept < table + MOST; kept++)
        if (kept->address.length == 0) {
            snprintf(kept->card, sizeof kept->card, "%s", card);
            kept->address = *address;
            return;
        }
}

static void note_address(const char *card, const char *text)
{
    struct address address;
    if (text && address_parse(text, &address) && address.family == AF_INET6)
        remember(card, &address);
}

void kept_note(struct field_reader request)
{
    struct field field;
    const char *card = NULL;
    bool is_first = false;
    forget_absent();
    while (field_next(&request, &field)) {
        const char *text = field_text(&field);
        if (field.tag == FIELD_LINK) {
            card = text;
            is_first = true;
        } else if (card && text && field.tag == FIELD_NEW_HARDWARE_ADDRESS) {
            rename_card(card, text);
            card = text;
        } else if (card && field.tag == FIELD_ADDRESS) {
            if (is_first)
                forget(card);
            is_first = false;
            note_address(card, text);
        }
    }
    int fd = news.fd < 0 && table[0].address.length > 0 ? netlink_open(NETLINK_ROUTE, RTMGRP_IPV6_IFADDR) : -1;
    /* Without it, the addresses are only not added again. */
    if (fd >= 0)
        (void)watch_open(&news, fd);
}

static void drain(void)
{
    uint8_t message[8192];
    while (news.readable)
        if (recv(news.fd, message, sizeof message, 0) < 0 && errno != EINTR && errno != ENOBUFS)
            news.readable = false;
}

/* An address that is there, or a link without IPv6, is an error of no consequence. */
static void restore(void)
{
    int fd = netlink_open(NETLINK_ROUTE, 0);
    if (fd < 0)
        return;
    for (const struct kept *kept = table; kept < table + MOST; kept++) {
        int link = kept->address.length > 0 ? link_search(kept->card) : 0;
        if (link)
            (void)address_add(fd, link, &kept->address, NLM_F_EXCL);
    }
    close(fd);
}

void kept_pump(void)
{
    if (news.readable) {
        drain();
        due = last + PAUSE_MS;
    }
    if (due == 0)
        return;
    if (now_ms() < due) {
        loop_wake_at(due);
        return;
    }
    due = 0;
    last = now_ms();
    restore();
}
