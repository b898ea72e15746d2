/**
 * The guests to remove so that the others fit, least recently used first. One that alone exceeds the limit takes nothing
 * from the others.
 */
export function overBudget<Guest extends { readonly hostBytes: number; readonly usedAtMs: number }>(
  guests: readonly Guest[],
  bytes: number,
): Guest[] {
  let free = bytes;
  return [...guests]
    .sort((one, other) => other.usedAtMs - one.usedAtMs)
    .filter(({ hostBytes }) => {
      if (hostBytes > bytes) return true;
      free -= hostBytes;
      return free < 0;
    });
}
