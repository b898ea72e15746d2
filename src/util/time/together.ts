type Work<T> = (signal: AbortSignal) => Promise<T>;
type Results<Works extends readonly Work<unknown>[]> = {
  -readonly [Index in keyof Works]: Awaited<ReturnType<Works[Index]>>;
};

/**
 * Does several things at once. Where one fails, the others are aborted and seen to their end before this rejects
 * with the first failure, so that nothing goes on that nobody waits for.
 */
export async function together<const Works extends readonly Work<unknown>[]>(
  works: Works,
  signal?: AbortSignal,
): Promise<Results<Works>> {
  signal?.throwIfAborted();
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const started = works.map(async (work) => {
    try {
      return await work(either);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  await Promise.allSettled(started);
  if (failed.signal.aborted) throw failed.signal.reason;
  return (await Promise.all(started)) as Results<Works>;
}
