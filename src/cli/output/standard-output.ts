import { once } from 'node:events';

/** Writes to stdout as fast as its reader reads. */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, 'drain');
}
