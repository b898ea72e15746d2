import { open } from 'node:fs/promises';
import type { QmpClient } from '../../qmp/index.ts';
import type { MigrationAbilities } from './migration-abilities.ts';

/** A name in this form is taken as it is, whatever characters it has. */
export function fileChannel(filename: string) {
  return { 'channel-type': 'main', addr: { transport: 'file', filename, offset: 0 } } as const;
}

/** Has QEMU begin to write its state into an empty file, which it may write. @throws what `execute` throws. */
export async function startSaving(
  qmp: QmpClient,
  path: string,
  { opensFiles }: MigrationAbilities,
): Promise<void> {
  if (opensFiles) await qmp.execute('migrate', { channels: [fileChannel(path)] });
  else await qmp.execute('migrate', { uri: await passOpen(qmp, path, 'r+') });
}

/**
 * Has a QEMU that waits for a state (`-incoming defer`) begin to read it. One that cannot stay exits when it fails, and
 * only its output has the reason.
 * @throws what `execute` throws.
 */
export async function startRestoring(
  qmp: QmpClient,
  path: string,
  { opensFiles, staysOnFailure }: MigrationAbilities,
): Promise<void> {
  const place = opensFiles ? { channels: [fileChannel(path)] } : { uri: await passOpen(qmp, path, 'r') };
  await qmp.execute('migrate-incoming', { ...place, ...(staysOnFailure && { 'exit-on-error': false }) });
}

const NAME = 'state';

/** @returns how migrations name what QEMU has got open. It is closed when they end. */
async function passOpen(qmp: QmpClient, path: string, flags: 'r' | 'r+'): Promise<string> {
  const file = await open(path, flags);
  try {
    await qmp.passFile(NAME, file.fd);
  } finally {
    await file.close();
  }
  return `fd:${NAME}`;
}
