import { GuestSetupError } from '../../errors/index.ts';
import { type CloudInitStatus, cloudInitStatus } from './cloud-init-status.ts';
import type { TrustedChannel } from '../ssh/ssh-provision.ts';

/**
 * Reads cloud-init's files: its command takes seconds on an emulated processor, and older versions have no JSON. The
 * answers end with NULs, in the order in which they are parsed below. Few programs run before the end of the boot: this
 * is repeated, and slows the boot that it observes.
 */
const PROBE = String.raw`
put() { printf '%s\0' "$1"; }
# First: once the boot is over, everything that cloud-init has written is readable.
state= failed=
if [ -d /run/systemd/system ]; then state=$(systemctl is-system-running 2>/dev/null); fi
result=$(cat /run/cloud-init/result.json 2>/dev/null)
if [ -d /run/systemd/system ]; then
  # Nobody asks for failed units before the end.
  case "$state$result" in
  '' | initializing | starting) ;;
  *) failed=$(systemctl --no-legend --plain --state=failed list-units 'cloud-*' 2>/dev/null | cut -d ' ' -f 1) ;;
  esac
fi
put "$state"
put "$failed"
put "$(command -v cloud-init)"
read -r parameters </proc/cmdline
case " $parameters " in
*' cloud-init=disabled '*) put "the kernel's command line contains cloud-init=disabled" ;;
*)
  if [ -e /etc/cloud/cloud-init.disabled ]; then put '/etc/cloud/cloud-init.disabled exists'
  elif [ -e /run/cloud-init/disabled ]; then put 'cloud-init found no data source at this boot'
  else put ''
  fi ;;
esac
put "$(cat /run/cloud-init/status.json 2>/dev/null)"
put "$result"
# The log spans all boots.
put "$(tail -c 65536 /var/log/cloud-init.log 2>/dev/null | sed -n "
s/.*running 'init-local'.*/-/
t keep
s/.*Running module \([A-Za-z0-9_-]*\).*/\1/
t keep
b end
: keep
h
: end
\$ {
x
p
}")"
tail -c 16384 /var/log/cloud-init-output.log 2>/dev/null | tr -d '\000'
printf '\0'
`;

/**
 * Reads the status of cloud-init in a guest, without the network and without cloud-init's own command.
 * @throws GuestSetupError, or what the channel throws.
 */
export async function probeCloudInit(
  channel: TrustedChannel,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<CloudInitStatus> {
  const { exitCode, stdout, stderr } = await channel.exec(['sh', '-c', PROBE], options);
  const answers = Buffer.from(stdout).toString('utf8').split('\0');
  const [system, failedUnits, command, disabled, statusJson, resultJson, module, output] = answers;
  if (exitCode !== 0 || output === undefined) {
    throw new GuestSetupError('checking cloud-init', exitCode, Buffer.from(stderr).toString('utf8'));
  }
  return cloudInitStatus({
    installed: command !== '',
    disabled: disabled ?? '',
    statusJson: statusJson ?? '',
    resultJson: resultJson ?? '',
    system: system ?? '',
    failedUnits: (failedUnits ?? '').split('\n').filter((unit) => unit !== ''),
    module: module === '-' ? '' : (module ?? ''),
    output,
  });
}
