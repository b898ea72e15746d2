type Work<T> = (signal: AbortSignal) => Promise<T>;
type Results<Works extends readonly Work<unknown>[]> = {
  -readonly [Index in keyof Works]: Awaited<ReturnType<Works[Index]>>;
};

/**
 * Runs several tasks at once. If one fails, the others are aborted and awaited before this rejects with the
 * first failure, so that no task keeps running unattended.
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
