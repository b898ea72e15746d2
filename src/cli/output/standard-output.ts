import { once } from 'node:events';

/** Writes to stdout, or another stream, with back-pressure. */
export async function writeOut(
  data: string | Uint8Array,
  output: NodeJS.WriteStream = process.stdout,
): Promise<void> {
  if (!output.write(data)) await once(output, 'drain');
}
