import { open } from 'node:fs/promises';
import type { QmpClient } from '../../qmp/index.ts';
import type { MigrationAbilities } from './migration-abilities.ts';

/** A name in this form is used verbatim, whatever characters it contains. */
export function fileChannel(filename: string) {
  return { 'channel-type': 'main', addr: { transport: 'file', filename, offset: 0 } } as const;
}

/** Makes QEMU start writing its state to an empty, writable file. @throws the errors of `execute`. */
export async function startSaving(
  qmp: QmpClient,
  path: string,
  { opensFiles }: MigrationAbilities,
): Promise<void> {
  if (opensFiles) await qmp.execute('migrate', { channels: [fileChannel(path)] });
  else await qmp.execute('migrate', { uri: await passOpen(qmp, path, 'r+') });
}

/**
 * Makes a QEMU that waits for a state (`-incoming defer`) start reading it. If QEMU cannot report a failure,
 * it exits, and only its output has the reason.
 * @throws the errors of `execute`.
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

/** @returns QEMU's migration URI for the open descriptor, which is closed when the migration ends. */
async function passOpen(qmp: QmpClient, path: string, flags: 'r' | 'r+'): Promise<string> {
  const file = await open(path, flags);
  try {
    await qmp.passFile(NAME, file.fd);
  } finally {
    await file.close();
  }
  return `fd:${NAME}`;
}
