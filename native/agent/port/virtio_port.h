/* Finds the virtio-serial port that the host calls `vmlet.agent`. */
#pragma once

/* Waits until the port exists. Returns an open descriptor; exits only when the kernel sends no events. */
int virtio_port_open(void);
