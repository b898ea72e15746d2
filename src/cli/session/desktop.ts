/**
 * True when windows can be opened here. On a server there are none: the page of `vmlet ui` is opened from elsewhere.
 */
export function hasDesktop(): boolean {
  return ['DISPLAY', 'WAYLAND_DISPLAY'].some((name) => (process.env[name] ?? '') !== '');
}
