import { randomUUID } from 'node:crypto';
import { GuestFileError, GuestSetupError } from '../../errors/index.ts';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import type { Machine } from '../../machine/running/machine.ts';

/** A guest with this file is not kept: it has secrets that vmlet cannot replace. */
export const OPT_OUT = '/etc/vmlet/no-keep';

/** A directory in which a full system lists what its forks must replace. In memory, so that no disk keeps it. */
const NOTES = '/run/vmlet-kept';

/**
 * Removes the secrets that a system drew while it booted. sshd is stopped, because it has the keys in memory too. The
 * random seed is for the next boot, and would be the same in all forks.
 */
const FORGET = String.raw`
set -eu
has() { command -v "$1" >/dev/null; }
mkdir -p ${NOTES}
if [ -d /run/systemd/system ]; then
  for unit in ssh.socket sshd.socket ssh.service sshd.service; do
    if systemctl --quiet is-active "$unit"; then echo "$unit"; fi
  done >${NOTES}/ssh
  if [ -s ${NOTES}/ssh ]; then systemctl --quiet stop $(cat ${NOTES}/ssh); fi
elif has rc-service && rc-service --quiet sshd status >/dev/null 2>&1; then
  echo sshd >${NOTES}/ssh
  rc-service --quiet sshd stop
fi
ls /etc/ssh 2>/dev/null | sed -n 's/^ssh_host_\(.*\)_key$/\1/p' >${NOTES}/keys
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -f /var/lib/systemd/random-seed /var/lib/urandom/random-seed /var/lib/misc/random-seed /var/lib/seedrng/seed.*
if [ -e ${OPT_OUT} ]; then echo no; fi
`;

/**
 * Replaces in a forked system what FORGET has removed. The agent has already set its name, machine id, clock and random
 * numbers, and linked its journal. Generating keys and starting sshd takes seconds without KVM: unless a port is
 * forwarded, that waits two seconds, so that it does not slow down a short command. Every program that this starts costs
 * some 30 ms without KVM.
 * $1 is the id of cloud-init's instance; $2 is "wait" to return only when sshd accepts connections.
 */
const RENEW = String.raw`
set -eu
if [ ! -d ${NOTES} ]; then exit 0; fi
if [ -d /var/lib/systemd ]; then
  umask 077
  head -c 512 /dev/urandom >/var/lib/systemd/random-seed
  umask 022
fi
data=/var/lib/cloud/data/instance-id
if [ -L /var/lib/cloud/instance ] && [ -s "$data" ]; then
  read -r was <"$data"
  if [ -d "/var/lib/cloud/instances/$was" ]; then
    mv "/var/lib/cloud/instances/$was" "/var/lib/cloud/instances/$1"
    ln -sfn "/var/lib/cloud/instances/$1" /var/lib/cloud/instance
    echo "$1" >"$data"
    if [ -e /run/cloud-init/.instance-id ]; then echo "$1" >/run/cloud-init/.instance-id; fi
  fi
fi
serve() {
  while read -r kind; do
    file=/etc/ssh/ssh_host_"$kind"_key
    if [ ! -s "$file" ]; then ssh-keygen -q -t "$kind" -N '' -f "$file"; fi
  done <${NOTES}/keys
  if [ -d /run/systemd/system ]; then systemctl --quiet start $(cat ${NOTES}/ssh); else rc-service --quiet sshd start; fi
}
if [ -s ${NOTES}/ssh ]; then
  if [ "$2" = wait ]; then serve; else (sleep 2; serve) </dev/null >/dev/null 2>&1 & fi
fi
`;

/**
 * Prepares a booted system to be forked.
 * @returns whether its image allows to keep it.
 * @throws GuestSetupError, or what `exec` throws.
 */
export async function forgetSecrets(machine: Machine, signal: AbortSignal | undefined): Promise<boolean> {
  const { exitCode, stdout, stderr } = await machine.exec(['sh', '-c', FORGET], { signal });
  if (exitCode !== 0)
    throw new GuestSetupError('removing ssh host keys and other secrets', exitCode, stderr.toString());
  return stdout.toString() === '';
}

/**
 * Whether a guest with an initramfs of the user may be kept. It may have no shell, so the agent looks for the file.
 * @throws what `pull` throws.
 */
export async function allowsKeeping(machine: Machine, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    // An empty file has no chunk, and of a long one the first is enough.
    for await (const _chunk of machine.pull(OPT_OUT, { signal })) break;
    return false;
  } catch (error) {
    if (!(error instanceof GuestFileError)) throw error;
    return error.errno === 'ENOENT' || error.errno === 'ENOTDIR';
  }
}

/**
 * Completes the identity of a forked system.
 * @param awaitsServers whether to wait until sshd runs again.
 * @throws GuestSetupError, or what `exec` throws.
 */
export async function renewSecrets(
  agent: Pick<GuestAgent, 'exec'>,
  { awaitsServers }: { readonly awaitsServers: boolean },
): Promise<void> {
  const words = [`vmlet-${randomUUID()}`, awaitsServers ? 'wait' : 'go'];
  const { exitCode, stderr } = await agent.exec(['sh', '-c', RENEW, 'renew', ...words]);
  if (exitCode !== 0) {
    throw new GuestSetupError('creating new ssh host keys and other secrets', exitCode, stderr.toString());
  }
}
