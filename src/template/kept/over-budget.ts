/**
 * The guests to remove so that the others fit, least recently used first. One that is larger than what is left of the
 * limit takes nothing from the others.
 */
export function overBudget<Guest extends { readonly hostBytes: number; readonly usedAtMs: number }>(
  guests: readonly Guest[],
  bytes: number,
): Guest[] {
  let free = bytes;
  return [...guests]
    .sort((one, other) => other.usedAtMs - one.usedAtMs)
    .filter(({ hostBytes }) => {
      if (hostBytes > free) return true;
      free -= hostBytes;
      return false;
    });
}
