import { CloudInitError } from '../../errors/index.ts';
import { type CloudInitStatus, describeCloudInitProblem } from './cloud-init-status.ts';

/** Words on a cloud-init that did not do its work; undefined where it did, or may still. */
export function cloudInitFailure(
  { state, reason, problems, output }: CloudInitStatus,
  guest: string,
): CloudInitError | undefined {
  const nothing = { problems: [], output: [] };
  switch (state) {
    case 'absent':
      return new CloudInitError(`${guest} has no cloud-init`, nothing, {
        hint: 'its image does without, or has another program for the first boot',
      });
    case 'disabled':
      return new CloudInitError(
        `cloud-init does not run in ${guest}: ${reason ?? 'it is disabled'}`,
        nothing,
        {
          hint: 'a machine that is made with --cloud-init, or with an image that needs it, has a seed for it to read',
        },
      );
    case 'failed': {
      const sentences = problems.map(describeCloudInitProblem);
      const [first = 'it does not say why', ...others] = sentences;
      const more = others.map((sentence) => `; ${sentence}`).join('');
      return new CloudInitError(
        `cloud-init has failed in ${guest}: ${first}${more}`,
        { problems: sentences, output },
        { hint: 'all that was printed is in /var/log/cloud-init-output.log of the guest' },
      );
    }
    default:
      return undefined;
  }
}
