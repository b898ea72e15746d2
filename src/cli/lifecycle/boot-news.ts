import type { LaunchOptions } from '../../index.ts';
import { type ProgressLine, describeImageProgress } from '../output/progress.ts';
import type { MachineFlags } from '../flags/machine-flags.ts';

/** Shows the progress of a boot on a terminal. */
export function bootNews(
  progress: ProgressLine,
  { console, debug }: Pick<MachineFlags, 'console' | 'debug'>,
): Pick<LaunchOptions, 'onBoot' | 'onProgress'> {
  if (!console && !debug) progress.show('booting…');
  return {
    // Without a terminal the guest is not asked.
    ...(progress.enabled && { onBoot: (doing: string) => progress.show(`booting: ${doing}…`) }),
    onProgress: (news) => {
      if (news.phase === 'done') progress.show('booting…');
      else progress.show(describeImageProgress(news));
    },
  };
}
