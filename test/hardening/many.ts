/** Calls `work` for 0 to `count - 1`, with limited concurrency. @returns all results. */
export async function many<T>(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  const results: PromiseSettledResult<T>[] = [];
  let next = 0;
  const workers = Array.from({ length: Math.min(atOnce, count) }, async () => {
    for (let index = next++; index < count; index = next++) {
      const [result] = await Promise.allSettled([work(index)]);
      results[index] = result;
    }
  });
  await Promise.all(workers);
  return results;
}

export function reasonsOf(results: readonly PromiseSettledResult<unknown>[]): string[] {
  return results.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
}
