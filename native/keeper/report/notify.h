/* Notifies systemd of the service's state if NOTIFY_SOCKET is set (sd_notify(3)). */
#pragma once

void notify_ready(void);
void notify_stopping(void);
