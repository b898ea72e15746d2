import { GuestSetupError } from '../../errors/index.ts';
import { type CloudInitStatus, cloudInitStatus } from './cloud-init-status.ts';
import type { TrustedChannel } from '../ssh/ssh-provision.ts';

/**
 * Reads cloud-init's own files: its command takes seconds where the processor is emulated, and its older ones have no
 * JSON. The answers end in NULs, in the order in which they are taken apart below.
 */
const PROBE = String.raw`
put() { printf '%s\0' "$1"; }
show() { "$@" 2>/dev/null | tr -d '\000'; printf '\0'; }
# First: when the boot is over, what cloud-init has written by its end is there to be read.
if [ -d /run/systemd/system ]; then
  put "$(systemctl is-system-running 2>/dev/null)"
  put "$(systemctl --no-legend --plain --state=failed list-units 'cloud-*' 2>/dev/null | cut -d ' ' -f 1)"
else put ''; put ''
fi
put "$(command -v cloud-init)"
case " $(cat /proc/cmdline) " in
*' cloud-init=disabled '*) put "the kernel's command line says cloud-init=disabled" ;;
*)
  if [ -e /etc/cloud/cloud-init.disabled ]; then put 'there is a file /etc/cloud/cloud-init.disabled'
  elif [ -e /run/cloud-init/disabled ]; then put 'it has found nothing to read at this boot'
  else put ''
  fi ;;
esac
show cat /run/cloud-init/status.json
show cat /run/cloud-init/result.json
# The log goes on from boot to boot.
put "$(tail -c 65536 /var/log/cloud-init.log 2>/dev/null | sed -n "
s/.*running 'init-local'.*/-/p
s/.*Running module \([A-Za-z0-9_-]*\).*/\1/p" | tail -n 1)"
show tail -c 16384 /var/log/cloud-init-output.log
`;

/**
 * How far cloud-init is in a guest; neither its network nor cloud-init's own program has a part in it.
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
    throw new GuestSetupError('looking at cloud-init', exitCode, Buffer.from(stderr).toString('utf8'));
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
