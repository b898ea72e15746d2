/** Node fires timers that are further ahead (24.8 days) at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Acts after a time of any length; never, if it is infinite.
 * @returns a function that stops the timer.
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
