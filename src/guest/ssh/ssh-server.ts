import type { TrustedChannel } from './ssh-provision.ts';

const MISSING = 63;

/** Finds servers by program name; they are usually not on the PATH of an agent. */
const FIND = String.raw`
PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin:/usr/lib/ssh
for name in sshd dropbear tinysshd; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
exit ${MISSING}
`;

/** Returns false when no ssh server is installed in the guest; true when one is, or when this is uncertain. */
export async function mayHaveSshServer(
  channel: TrustedChannel,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const { exitCode } = await channel.exec(['sh', '-c', FIND], { signal });
  return exitCode !== MISSING;
}
