import { readFileSync } from 'node:fs';
import { type TrustedChannel, authorizeKey, readHostKeys } from '../../guest/ssh/ssh-provision.ts';
import type { Definition } from '../record/definition.ts';
import { sshFiles, writeKnownHosts } from './ssh-files.ts';
import { readSshRecord, writeSshRecord } from '../record/ssh-record.ts';

/**
 * Authorizes the machine's key and records its host keys, so that ssh asks no questions.
 * @throws InvalidInputError when the guest lacks the user, GuestSetupError, or what the channel throws.
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

/** Returns the machine's public key for the guest's authorized_keys, as `TYPE BASE64 comment`. */
export function machinePublicKey(sshDirectory: string): string {
  return readFileSync(sshFiles(sshDirectory).publicKey, 'utf8').trim();
}
