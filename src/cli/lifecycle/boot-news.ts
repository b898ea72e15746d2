import type { LaunchOptions } from '../../index.ts';
import { type ProgressLine, describeImageProgress } from '../output/progress.ts';
import type { MachineFlags } from '../flags/machine-flags.ts';

/** Shows on a terminal what a machine that boots is doing. */
export function bootNews(
  progress: ProgressLine,
  { console, debug }: Pick<MachineFlags, 'console' | 'debug'>,
): Pick<LaunchOptions, 'onBoot' | 'onProgress'> {
  if (!console && !debug) progress.show('booting…');
  return {
    // Where nobody sees it, the guest need not be asked.
    ...(progress.enabled && { onBoot: (doing: string) => progress.show(`booting: ${doing}…`) }),
    onProgress: (news) => {
      if (news.phase === 'done') progress.show('booting…');
      else progress.show(describeImageProgress(news));
    },
  };
}
