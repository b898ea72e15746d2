/** Descriptor numbers of the connections that QEMU inherits from the launcher. */
export const MONITOR_DESCRIPTOR = 3;
export const AGENT_DESCRIPTOR = 4;
export const CONSOLE_DESCRIPTOR = 5;
/** Used only with the backend passt-stream. */
export const NETWORK_DESCRIPTOR = 6;
