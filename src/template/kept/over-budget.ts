/** The guests to remove so that the others fit, least recently used first. */
export function overBudget<Guest extends { readonly hostBytes: number; readonly usedAtMs: number }>(
  guests: readonly Guest[],
  bytes: number,
): Guest[] {
  let free = bytes;
  return [...guests]
    .sort((one, other) => other.usedAtMs - one.usedAtMs)
    .filter(({ hostBytes }) => {
      free -= hostBytes;
      return free < 0;
    });
}
