import { readFileSync } from 'node:fs';
import { type TrustedChannel, authorizeKey, readHostKeys } from '../../guest/ssh/ssh-provision.ts';
import type { Definition } from '../record/definition.ts';
import { sshFiles, writeKnownHosts } from './ssh-files.ts';
import { readSshRecord, writeSshRecord } from '../record/ssh-record.ts';

/**
 * Lets the machine's own key in, and makes its host keys known, so that nobody is asked about them.
 * @throws InvalidInputError when the guest has no such user, GuestSetupError, or what the channel throws.
 */
export async function provisionSsh(
  { spec, files }: Definition,
  channel: TrustedChannel,
  signal: AbortSignal | undefined,
): Promise<void> {
  await authorizeKey(channel, spec.sshUser, machinePublicKey(files.ssh), { signal });
  const hostKeys = await readHostKeys(channel, { signal });
  if (hostKeys.length > 0) writeKnownHosts(spec.name, files.ssh, hostKeys);
  writeSshRecord(files.ssh, { ...readSshRecord(files.ssh), provisionedFor: spec.sshUser });
}

/** `TYPE BASE64 comment`, for the guest's authorized_keys. */
export function machinePublicKey(sshDirectory: string): string {
  return readFileSync(sshFiles(sshDirectory).publicKey, 'utf8').trim();
}
