import { GuestSetupError, InvalidInputError } from '../../errors/index.ts';
import { publicKeysIn } from './known-hosts.ts';
import type { SshKeyPair } from './ssh-key.ts';
import { formatPublicKey, parsePublicKey } from './ssh-public-key.ts';

/** Result of a program that ran in the guest. */
export interface ChannelResult {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * A way to run programs in a guest as root without the guest's network: `GuestAgent` is one, and
 * `{ exec: (argv, options) => guestExec(client, argv, options) }` with QEMU's guest agent.
 */
export interface TrustedChannel {
  /** Runs a program in the guest to its end. */
  exec(
    argv: readonly [string, ...string[]],
    options?: { readonly input?: Uint8Array; readonly signal?: AbortSignal | undefined },
  ): PromiseLike<ChannelResult>;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

const NO_USER = 61;
const NO_HOME = 62;

/** $1: user, $2: type and base64 of a key, $3: the line. */
const AUTHORIZE = String.raw`
set -eu
entry=
if command -v getent >/dev/null; then entry=$(getent passwd -- "$1") || :
else
  while IFS= read -r line; do
    case $line in "$1":*) entry=$line; break ;; esac
  done </etc/passwd
fi
[ -n "$entry" ] || exit ${NO_USER}
home=$(printf '%s\n' "$entry" | cut -d: -f6)
uid=$(printf '%s\n' "$entry" | cut -d: -f3)
[ -d "$home" ] || { printf '%s\n' "$home"; exit ${NO_HOME}; }
# Runs as the user: links in the user's own directory must not mislead root.
append='
set -eu
umask 077
cd -- "$1"
mkdir -p .ssh
chmod go-w .ssh
file=.ssh/authorized_keys
[ -e "$file" ] || : >"$file"
chmod go-w "$file"
if grep -q "^$2" "$file"; then exit 0; fi
if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then echo >>"$file"; fi
printf "%s\n" "$3" >>"$file"
'
if [ "$(id -u)" = "$uid" ]; then sh -c "$append" sh "$home" "$2" "$3"
else su -s /bin/sh -c "$append" "$1" sh "$home" "$2" "$3"
fi
# With SELinux, sshd may read only files with the right label.
if command -v restorecon >/dev/null; then restorecon -R "$home/.ssh"; fi
`;

/**
 * Authorizes a public key for a user of the guest. Existing keys are kept.
 * @param publicKey `TYPE BASE64 comment`
 * @throws InvalidInputError when the user or its home directory does not exist in the guest; GuestSetupError, or what the
 *   channel throws.
 */
export async function authorizeKey(
  channel: TrustedChannel,
  user: string,
  publicKey: string,
  options: Options = {},
): Promise<void> {
  if (!/^[A-Za-z0-9_][^:/\0\s]*$/.test(user)) {
    throw new InvalidInputError(
      'user',
      `invalid user name ${JSON.stringify(user)}: expected a name that begins with a letter, a digit or "_", and contains no space, ":" or "/"`,
    );
  }
  const key = parsePublicKey(publicKey);
  if (!key || /[\r\n]/.test(publicKey)) {
    throw new InvalidInputError(
      'publicKey',
      `invalid ssh public key ${JSON.stringify(publicKey)}: expected one line, such as ssh-ed25519 AAAA… me@host`,
    );
  }
  const script = ['sh', '-c', AUTHORIZE, 'sh', user, formatPublicKey(key), publicKey] as const;
  const result = await channel.exec(script, options);
  if (result.exitCode === NO_USER) {
    throw new InvalidInputError('user', `no such user in the guest: ${user}`, {
      hint: 'choose a user that exists in the guest, or root',
    });
  }
  if (result.exitCode === NO_HOME) {
    const home = text(result.stdout).trim();
    throw new InvalidInputError(
      'user',
      `the home directory of user ${user} does not exist in the guest: ${home}`,
      { hint: 'create this directory in the guest for this user, or choose another user' },
    );
  }
  check(result, `authorizing a key for ${user}`);
}

/** Prints nothing and succeeds without sshd. */
const READ_HOST_KEYS = String.raw`
set -eu
for file in /etc/ssh/ssh_host_*_key.pub; do
  if [ -f "$file" ]; then cat "$file"; echo; fi
done
`;

/**
 * Reads the guest's host keys, as lines `TYPE BASE64`; empty when it has none (yet).
 * @throws GuestSetupError, or what the channel throws.
 */
export async function readHostKeys(channel: TrustedChannel, options: Options = {}): Promise<string[]> {
  const result = await channel.exec(['sh', '-c', READ_HOST_KEYS], options);
  check(result, 'reading the ssh host keys');
  return publicKeysIn(text(result.stdout));
}

/** Standard input: the private key, which must not appear in a process list. $1: the public key line. */
const INSTALL_HOST_KEY = String.raw`
set -eu
umask 077
mkdir -p /etc/ssh
chmod 755 /etc/ssh
key=/etc/ssh/ssh_host_ed25519_key
trap 'rm -f "$key.new" "$key.pub.new"' EXIT
cat >"$key.new"
printf '%s\n' "$1" >"$key.pub.new"
chmod 644 "$key.pub.new"
mv -f "$key.new" "$key"
mv -f "$key.pub.new" "$key.pub"
if command -v restorecon >/dev/null; then restorecon "$key" "$key.pub"; fi
# sshd reads its keys only at start and on SIGHUP.
if [ -f /run/sshd.pid ]; then
  read -r pid </run/sshd.pid
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = sshd ]; then kill -HUP "$pid"; fi
fi
`;

/**
 * Replaces the guest's ed25519 host key by ours; its other host keys are kept. A running sshd uses the new key at once.
 * @throws GuestSetupError, or what the channel throws.
 */
export async function installHostKey(
  channel: TrustedChannel,
  key: SshKeyPair,
  options: Options = {},
): Promise<void> {
  const argv = ['sh', '-c', INSTALL_HOST_KEY, 'sh', key.publicKey] as const;
  const result = await channel.exec(argv, { ...options, input: Buffer.from(key.privateKey) });
  check(result, 'installing an ssh host key');
}

function check({ exitCode, stderr }: ChannelResult, step: string): void {
  if (exitCode !== 0) throw new GuestSetupError(step, exitCode, text(stderr));
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
