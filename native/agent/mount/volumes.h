/* Named volumes: disks with a file system that outlive the machine. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Finds the disk with this serial number, which may have been plugged in just now. */
bool volume_find(const char *serial, char *device, size_t size);
/* Waits until that disk and its partitions have their names. */
bool disk_await(const char *serial);
/* Notes the path of a volume that the guest writes to. */
void volumes_note(const char *path);
/* Writes all caches, and leaves the volumes' file systems clean on their disks. Later writers block for ever. */
void volumes_release(void);
