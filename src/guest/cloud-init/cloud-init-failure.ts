import { CloudInitError } from '../../errors/index.ts';
import { type CloudInitStatus, describeCloudInitProblem } from './cloud-init-status.ts';

/** Returns the way to enable cloud-init, by the reason that the probe found. */
function adviceOn(reason: string): string {
  if (reason.includes('cloud-init=disabled')) {
    return "remove cloud-init=disabled from the kernel's command line (in the guest's boot loader, or in --append), and restart the guest; or use another image";
  }
  if (reason.includes('cloud-init.disabled')) return 'remove this file in the guest, and restart the guest';
  return reason.includes('no data source')
    ? 'create the machine again with --cloud-init, which adds a disk with data for cloud-init'
    : "to see the reason, run in the guest: systemctl status 'cloud-*'";
}

/** Returns the error for a cloud-init that failed or does not run; undefined when it is done, or may still finish. */
export function cloudInitFailure(
  { state, reason, problems, output }: CloudInitStatus,
  guest: string,
): CloudInitError | undefined {
  const nothing = { problems: [], output: [] };
  switch (state) {
    case 'absent':
      return new CloudInitError(`${guest} has no cloud-init`, nothing, {
        hint: 'use an image with cloud-init, such as debian:13',
      });
    case 'disabled':
      return new CloudInitError(`cloud-init does not run in ${guest}: ${reason ?? 'disabled'}`, nothing, {
        hint: adviceOn(reason ?? ''),
      });
    case 'failed': {
      const sentences = problems.map(describeCloudInitProblem);
      const [first = 'no reason reported', ...others] = sentences;
      const more = others.map((sentence) => `; ${sentence}`).join('');
      return new CloudInitError(
        `cloud-init failed in ${guest}: ${first}${more}`,
        { problems: sentences, output },
        { hint: 'see /var/log/cloud-init-output.log in the guest for the full output' },
      );
    }
    default:
      return undefined;
  }
}
