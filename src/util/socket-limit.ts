/** Bytes that a unix socket's path may have: sun_path has 108 and ends with NUL (unix(7)). Node cuts a longer one without a word. */
export const LONGEST_SOCKET_PATH = 107;
