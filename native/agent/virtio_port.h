/* Finds the virtio-serial port that the host calls `vmlet.agent`. */
#pragma once

/* Waits until it is there. Returns an open descriptor; fails only when the kernel tells no news. */
int virtio_port_open(void);
