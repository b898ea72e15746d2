/** What lies further ahead, 24.8 days, Node would do at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Acts after a time of any length; never, where it is infinite.
 * @returns stops it.
 */
export function startTimer(milliseconds: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    timer = setTimeout(
      () => (left > LONGEST_MS ? wait(left - LONGEST_MS) : act()),
      Math.min(left, LONGEST_MS),
    );
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
}
