#include "queue.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    FIRST_ROOM = 4096,
    /* More is returned to the system when the queue is empty. */
    KEPT_ROOM = 128 * 1024,
};

static bool grow(struct queue *queue, size_t needed)
{
    size_t room = queue->room ? queue->room : FIRST_ROOM;
    /* With half of the room free, the next copy comes after as many bytes as this one copies. */
    while (room < 2 * needed)
        room *= 2;
    uint8_t *bytes = malloc(room);
    if (!bytes)
        return false;
    if (queue->length > 0)
        memcpy(bytes, queue_bytes(queue), queue->length);
    free(queue->bytes);
    queue->bytes = bytes;
    queue->room = room;
    queue->begin = 0;
    return true;
}

bool queue_put(struct queue *queue, const void *bytes, size_t length)
{
    if (length == 0)
        return true;
    size_t needed = queue->length + length;
    if (queue->begin + needed > queue->room) {
        /* At most as many bytes are moved as have been removed since the last time. */
        if (needed <= queue->room && queue->length <= queue->begin) {
            memcpy(queue->bytes, queue_bytes(queue), queue->length);
            queue->begin = 0;
        } else if (!grow(queue, needed)) {
            return false;
        }
    }
    memcpy(queue->bytes + queue->begin + queue->length, bytes, length);
    queue->length = needed;
    return true;
}

void queue_drop(struct queue *queue, size_t length)
{
    queue->begin += length;
    queue->length -= length;
    if (queue->length > 0)
        return;
    queue->begin = 0;
    if (queue->room > KEPT_ROOM)
        queue_free(queue);
}

bool queue_send(struct queue *queue, struct watch *watch)
{
    while (queue->length > 0 && watch->writable) {
        ssize_t count = send(watch->fd, queue_bytes(queue), queue->length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0)
            queue_drop(queue, (size_t)count);
        else if (errno == EAGAIN)
            watch->writable = false;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

void queue_free(struct queue *queue)
{
    free(queue->bytes);
    *queue = (struct queue){0};
}
