/** A participant of a comparison. */
export interface Contender<Sample> {
  readonly name: string;
  measure(): Promise<Sample>;
}

/**
 * Measures all of them in each round, so that load on the host affects all of them. Each round begins with a different one,
 * and a warm-up round is not counted.
 * @returns the samples of each, in the order of `contenders`.
 */
export async function alternate<Sample>(
  contenders: readonly Contender<Sample>[],
  rounds: number,
): Promise<Sample[][]> {
  const samples = contenders.map((): Sample[] => []);
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (Math.max(round, 0) + turn) % contenders.length;
      const sample = await contenders[index]!.measure();
      if (round >= 0) samples[index]!.push(sample);
    }
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of ${rounds} `);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return samples;
}
