import { once } from 'node:events';

/** Writes to stdout with back-pressure. */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, 'drain');
}
