/**
 * Maximum length in bytes of a unix socket's path: sun_path has 108 and ends with NUL (unix(7)). Node
 * silently truncates a longer one.
 */
export const LONGEST_SOCKET_PATH = 107;
