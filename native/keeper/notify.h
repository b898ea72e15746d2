/* Tells systemd how far the service is, where NOTIFY_SOCKET says that it wants to know (sd_notify(3)). */
#pragma once

void notify_ready(void);
void notify_stopping(void);
